/**
 * How soon a key has its turn, whatever waits already: what a user changed goes before what happened in the world, and
 * that before what is only looked at again.
 */
export type Priority = 'edit' | 'event' | 'resync';

/** Highest first. */
export const PRIORITIES: readonly Priority[] = ['edit', 'event', 'resync'];

export function isHigher(a: Priority, b: Priority): boolean {
  return PRIORITIES.indexOf(a) < PRIORITIES.indexOf(b);
}

export function higher(a: Priority, b: Priority | undefined): Priority {
  return b !== undefined && isHigher(b, a) ? b : a;
}

/** Keys in the order they came, those of a higher priority first. */
export interface Lanes<K> {
  push(key: K, priority: Priority): void;
  /** Moves a key to the end of a higher lane. @returns whether it was in the lane it was to leave */
  raise(key: K, from: Priority, to: Priority): boolean;
  /** The first key of priority `least` or above. */
  shift(least: Priority): { readonly key: K; readonly priority: Priority } | undefined;
  /** How many wait in each lane. */
  depths(): Readonly<Record<Priority, number>>;
}

export function createLanes<K>(): Lanes<K> {
  const lanes: Readonly<Record<Priority, Set<K>>> = { edit: new Set(), event: new Set(), resync: new Set() };
  return {
    push: (key, priority) => void lanes[priority].add(key),
    raise(key, from, to) {
      const left = lanes[from].delete(key);
      if (left) lanes[to].add(key);
      return left;
    },
    shift(least) {
      for (const priority of PRIORITIES) {
        if (isHigher(least, priority)) return undefined;
        for (const key of lanes[priority]) {
          lanes[priority].delete(key);
          return { key, priority };
        }
      }
      return undefined;
    },
    depths: () => ({ edit: lanes.edit.size, event: lanes.event.size, resync: lanes.resync.size }),
  };
}
