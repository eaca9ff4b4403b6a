import type { Clock, Timer } from '../../engine/clock.ts';

/** Work that many things ask for, each of which may wait: it takes a tenth of the time at most, so that everything else gets on. */
export interface Pace {
  /** Asks for the work, with all that is asked for soon after, once enough time has passed since the last. */
  ask(): void;
  /** Around the work, whoever asked for it, and one at a time: what was asked for before it is done by it. */
  during<T>(work: () => Promise<T>): Promise<T>;
  dispose(): void;
}

/** A Node that is asked for is given an address and bound within that time. */
const SETTLE_MS = 500;
/** How long the work rests, in times of what it took. */
const REST = 9;
/** However long it took, who asked is heard by then. */
const MAX_REST_MS = 10_000;

export function createPace(clock: Clock, run: () => void): Pace {
  let restUntil = -Infinity;
  let timer: Timer | undefined;
  let isBusy = false;
  let isAsked = false;

  function dispose(): void {
    timer?.cancel();
    timer = undefined;
    isAsked = false;
  }

  function ask(): void {
    isAsked = true;
    if (isBusy || timer !== undefined) return;
    timer = clock.setTimer(Math.max(SETTLE_MS, restUntil - clock.monotonic()), () => {
      timer = undefined;
      run();
    });
  }

  return {
    ask,
    async during(work) {
      dispose();
      isBusy = true;
      const began = clock.monotonic();
      try {
        return await work();
      } finally {
        const ended = clock.monotonic();
        restUntil = ended + Math.min(MAX_REST_MS, REST * (ended - began));
        isBusy = false;
        if (isAsked) ask();
      }
    },
    dispose,
  };
}
