import { onceEach } from '../once-each.ts';
import type { LiveEntry, Refusal } from './entry.ts';

type Lookup<T> = (list: readonly T[] | undefined, key: string) => T | undefined;

/** The first with that key. A status never changes, a new one replaces it: its lists are indexed at the first question about them. */
function firstBy<T>(keyOf: (each: T) => string): Lookup<T> {
  const indexOf = onceEach(
    (list: readonly T[]) => new Map(list.toReversed().map((each) => [keyOf(each), each])),
  );
  return (list, key) => (list === undefined ? undefined : indexOf(list).get(key));
}

/** What a Network has for a Node. */
export const entryOf: Lookup<LiveEntry> = firstBy(({ node }) => node);

/** Whom a Network has an address for, and a MAC address. */
export const entryOfIp: Lookup<LiveEntry> = firstBy(({ ip }) => ip);
export const entryOfMac: Lookup<LiveEntry> = firstBy(({ mac }) => mac);

/** Why a Network has nothing new for a Node. */
export const refusalOf: Lookup<Refusal> = firstBy(({ node }) => node);
