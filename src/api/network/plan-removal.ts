import type { NetworkMark } from '../ownership/mark.ts';
import type { NetworkDocument, NetworkModel } from '../libvirt/network.ts';
import { inUse } from '../ownership/in-use.ts';
import type { ObservedOverlay } from './overlay-observed.ts';
import { planOverlayRemoval } from './plan-overlay.ts';
import { hostDirOptions, mayReadHostFiles, type HostDirs } from './host-dirs.ts';
import { renderReleased } from './render-release.ts';
import { renderXml } from '../xml.ts';
import { shown, type Plan } from '../disruption/action.ts';
import { step } from '../disruption/step.ts';
import type { NetworkRemovalAction } from './actions.ts';

/** What is left of a Network whose manifest is gone. */
export interface RemovedNetwork {
  readonly name: string;
  readonly active: boolean;
  /** The --inactive XML. */
  readonly config?: NetworkDocument;
  /** As it runs. */
  readonly live?: NetworkModel;
  /** The directories that dnsmasq reads beside libvirt's files. */
  readonly hostDirs: HostDirs;
  /** Whether they exist. */
  readonly hostFiles: boolean;
  /** Nodes and domains that use it, as a user reads them: `domain "a"`. */
  readonly users: readonly string[];
  /** Whether there is a machine of that name. */
  readonly exists: (node: string) => boolean;
  /** Left out where there is none. */
  readonly overlay?: ObservedOverlay;
}

/** Takes the network away once nobody uses it. Its definition goes last, with the mark that says that it is ours. */
export function planNetworkRemoval(observed: RemovedNetwork): Plan<NetworkRemovalAction> {
  const { config, name, users, overlay } = observed;
  const unplug = overlay === undefined ? [] : planOverlayRemoval(name, overlay, 'no manifest');
  if (config === undefined) {
    const rest = [...unplug, ...(observed.hostFiles ? [REMOVE_FILES] : [])];
    return rest.length > 0 ? { actions: rest } : { actions: [], gone: true };
  }
  const { mark } = config.model;
  if (mark?.name !== name) return unplug.length > 0 ? { actions: unplug } : { actions: [], gone: true };
  if (mark.adopted === true) return { actions: [...unplug, ...release(config, mark, observed)] };
  const actions = [...unplug, ...(observed.active ? [DESTROY] : []), REMOVE_FILES, UNDEFINE];
  if (users.length === 0) return { actions };
  return {
    actions: [],
    waiting: { reason: 'InUse', message: inUse(users) },
    later: actions.map(shown),
  };
}

const REMOVE_FILES = step('none', 'nobody reads them any more', { type: 'RemoveHostFiles' } as const);
const DESTROY = step('none', 'no manifest, and nobody uses it', { type: 'DestroyNetwork' } as const);
const UNDEFINE = step('none', 'no manifest, and nobody uses it', { type: 'UndefineNetwork' } as const);

/** A dnsmasq that reads our files may know a machine by them alone, until the network starts from its definition. */
function release(
  { root }: NetworkDocument,
  mark: NetworkMark,
  { active, live, exists, hostDirs, hostFiles }: RemovedNetwork,
): NetworkRemovalAction[] {
  const dirs = new Set(hostDirOptions(hostDirs));
  const xml = renderXml(
    renderReleased(root, {
      entries: mark.entries.filter(({ node }) => !exists(node)),
      options: mark.options.filter((option) => dirs.has(option)),
    }),
  );
  const isRead = active && mayReadHostFiles(hostDirs, live);
  return [
    ...(hostFiles && !isRead ? [REMOVE_FILES] : []),
    step('none', 'it was adopted, and stays', { type: 'ReleaseNetwork', xml }),
  ];
}
