import type { LiveEntry, Refusal } from './entry.ts';

type Lookup<T> = (list: readonly T[] | undefined, key: string) => T | undefined;

/** The first with that key. A status never changes, a new one replaces it: its lists are indexed at the first question about them. */
function firstBy<T>(keyOf: (each: T) => string): Lookup<T> {
  const indexes = new WeakMap<readonly T[], ReadonlyMap<string, T>>();
  return (list, key) => {
    if (list === undefined) return undefined;
    const index = indexes.get(list) ?? new Map(list.toReversed().map((each) => [keyOf(each), each]));
    indexes.set(list, index);
    return index.get(key);
  };
}

/** What a Network has for a Node. */
export const entryOf: Lookup<LiveEntry> = firstBy(({ node }) => node);

/** Whom a Network has an address for, and a MAC address. */
export const entryOfIp: Lookup<LiveEntry> = firstBy(({ ip }) => ip);
export const entryOfMac: Lookup<LiveEntry> = firstBy(({ mac }) => mac);

/** Why a Network has nothing new for a Node. */
export const refusalOf: Lookup<Refusal> = firstBy(({ node }) => node);
