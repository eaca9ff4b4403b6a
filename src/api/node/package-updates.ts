import { ReasonedError } from '../errors.ts';
import type { ObjectOf } from '../meta.ts';

/** Which guests are meant: those of a role, those named, or all of them. */
export interface UpdateSelection {
  readonly role?: string | undefined;
  readonly nodes?: readonly string[] | undefined;
}

export interface UpdatePlan {
  /** Names of Nodes, in the order in which they are updated: role by role, one after the other. */
  readonly nodes: readonly string[];
  /** Those that shall be off. */
  readonly skipped: readonly string[];
}

/**
 * Whose packages are brought up to date, in which order.
 * @throws ReasonedError NotFound when nothing is meant by a name or role
 */
export function planPackageUpdates(
  nodes: readonly ObjectOf<'Node'>[],
  selection: UpdateSelection,
): UpdatePlan {
  const { role, nodes: names = [] } = selection;
  const missing = names.filter((name) => !nodes.some(({ metadata }) => metadata.name === name));
  if (missing.length > 0) throw notFound(`there is no Node "${missing.join('", "')}"`);
  const meant = nodes
    .filter(({ metadata }) => names.length === 0 || names.includes(metadata.name))
    .filter(({ spec }) => role === undefined || spec.role === role)
    .toSorted(
      (a, b) => compare(a.spec.role ?? '', b.spec.role ?? '') || compare(a.metadata.name, b.metadata.name),
    );
  if (meant.length === 0)
    throw notFound(role === undefined ? 'there are no Nodes' : `no Node has role "${role}"`);
  const [off, on] = [true, false].map((stopped) =>
    meant.filter(({ spec }) => (spec.power === 'Stopped') === stopped).map(({ metadata }) => metadata.name),
  );
  return { nodes: on ?? [], skipped: off ?? [] };
}

function notFound(why: string): ReasonedError {
  return new ReasonedError('NotFound', `cannot update packages: ${why}`);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What happens to the guests, one after the other. */
export type UpdateEvent =
  | { readonly type: 'skipped'; readonly node: string; readonly message: string }
  | { readonly type: 'started'; readonly node: string; readonly position: number; readonly total: number }
  | { readonly type: 'line'; readonly node: string; readonly line: string }
  | {
      readonly type: 'updated';
      readonly node: string;
      readonly seconds: number;
      readonly rebootRequired: boolean;
    }
  | { readonly type: 'failed'; readonly node: string; readonly message: string }
  /** The last one; `left` were not tried. */
  | {
      readonly type: 'finished';
      readonly updated: readonly string[];
      readonly failed?: string;
      readonly left: readonly string[];
    };
