import type { Plan } from '../disruption/action.ts';
import { step } from '../disruption/step.ts';
import type { ImageRemovalAction } from './actions.ts';
import { inUse, usersUnknown, type FileUser } from '../ownership/in-use.ts';

/** What is left of an Image whose manifest is gone. */
export interface RemovedImage {
  readonly fetching: boolean;
  /** Its files in the store, older contents too. */
  readonly files: readonly { readonly path: string; readonly users: readonly FileUser[] }[];
  /** Whether the store knows the name, or has part of a download. */
  readonly known: boolean;
  /** Nodes whose manifests name it. */
  readonly nodes: readonly string[];
}

/** Deletes what nothing stands on. What a disk stands on stays, even if no guest has that disk now. */
export function planImageRemoval(observed: RemovedImage): Plan<ImageRemovalAction> {
  if (observed.fetching) {
    return { actions: [step('none', 'no manifest', { type: 'AbortFetch' })] };
  }
  const domains = observed.files.flatMap(({ users }) => users).filter(({ kind }) => kind === 'domain');
  const unread = observed.files.find(({ users }) => users.some((user) => user.unread !== undefined));
  const users = [
    ...observed.nodes.map((node) => `Node "${node}"`),
    ...new Set(domains.map(({ name }) => `domain "${name}"`)),
  ];
  if (users.length > 0) return { actions: [], waiting: { reason: 'InUse', message: inUse(users) } };
  if (unread !== undefined) return { actions: [], waiting: usersUnknown(unread.path, unread.users) };
  const kept = observed.files.filter((file) => file.users.length > 0);
  const files = observed.files.filter((file) => file.users.length === 0).map(({ path }) => path);
  const forget = kept.length === 0;
  if (files.length > 0 || (forget && observed.known)) {
    const reason = 'no manifest, and nothing stands on it';
    return { actions: [step('none', reason, { type: 'RemoveImage', files, forget })] };
  }
  const [first] = kept;
  if (first === undefined) return { actions: [], gone: true };
  const message = `${first.path} stays, since ${first.users[0]?.file ?? 'a disk'} stands on it`;
  return { actions: [], waiting: { reason: 'FileKept', message }, gone: true };
}
