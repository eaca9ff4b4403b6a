import type { Clock, Timer } from '../../engine/clock.ts';

/** Work that many things ask for, each of which may wait: it takes a small part of the time, so that everything else gets on. */
export interface Pace {
  /** Asks for the work, with all that is asked for soon after, once enough time has passed since the last. */
  ask(): void;
  /** Around the work, whoever asked for it, and one at a time: what was asked for before it is done by it. */
  during<T>(work: () => Promise<T>): Promise<T>;
  dispose(): void;
}

export interface PaceOptions {
  readonly run: () => void;
  /** How long it is waited for more that ask. */
  readonly settleMs: number;
  /** How long the work rests, in times of what it took. */
  readonly rest: number;
  /** However long it took, who asked is heard by then. */
  readonly mostMs: number;
}

export function createPace(clock: Clock, { run, settleMs, rest, mostMs }: PaceOptions): Pace {
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
    timer = clock.setTimer(Math.max(settleMs, restUntil - clock.monotonic()), () => {
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
        restUntil = ended + Math.min(mostMs, rest * (ended - began));
        isBusy = false;
        if (isAsked) ask();
      }
    },
    dispose,
  };
}
