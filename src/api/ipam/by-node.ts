import type { LiveEntry, Refusal } from './entry.ts';

type Lookup<T> = (list: readonly T[] | undefined, node: string) => T | undefined;

/** The first of a Node. A status never changes, a new one replaces it: its lists are indexed at the first question about them. */
function byNode<T extends { readonly node: string }>(): Lookup<T> {
  const indexes = new WeakMap<readonly T[], ReadonlyMap<string, T>>();
  return (list, node) => {
    if (list === undefined) return undefined;
    const index = indexes.get(list) ?? new Map(list.toReversed().map((each) => [each.node, each]));
    indexes.set(list, index);
    return index.get(node);
  };
}

/** What a Network has for a Node. */
export const entryOf: Lookup<LiveEntry> = byNode();

/** Why a Network has nothing new for a Node. */
export const refusalOf: Lookup<Refusal> = byNode();
