import type { Clock } from '../engine/clock.ts';

/** A read that many passes share, so that a pass over all objects makes it once. */
export interface SharedRead<T> {
  get(): Promise<T>;
  /** What was read may no longer hold: the next get reads again. */
  invalidate(): void;
}

export function createSharedRead<T>(read: () => Promise<T>, clock: Clock, maxAgeMs: number): SharedRead<T> {
  let last: { readonly at: number; readonly value: Promise<T> } | undefined;
  return {
    get() {
      if (last !== undefined && clock.monotonic() - last.at <= maxAgeMs) return last.value;
      const current = { at: clock.monotonic(), value: read() };
      last = current;
      current.value.catch(() => {
        if (last === current) last = undefined;
      });
      return current.value;
    },
    invalidate() {
      last = undefined;
    },
  };
}
