import assert from 'node:assert/strict';
import { createFakeClock, settleFiles, type FakeClock } from '../engine/fake-clock.ts';
import { startLoaded, type LoadedDaemon, type LoadOptions } from './daemon.ts';

/** Daemons over vmhosts in memory, and the time that passes for all of them. */
export interface Daemons {
  readonly clock: FakeClock;
  readonly start: (options: Partial<LoadOptions>) => Promise<LoadedDaemon>;
  readonly pass: (seconds: number) => Promise<void>;
  /** Lets time pass until it holds. @param told what is shown where it never does; default what is not Ready */
  readonly until: (
    what: string,
    holds: () => boolean | Promise<boolean>,
    told?: () => unknown,
  ) => Promise<void>;
}

/** Seconds until something that is waited for counts as missing. */
const MOST_SECONDS = 600;

export function createDaemons(): Daemons {
  const clock = createFakeClock();
  const running = new Set<LoadedDaemon>();

  async function start(options: Partial<LoadOptions>): Promise<LoadedDaemon> {
    const lab = await startLoaded({ clock, prepare: () => Promise.resolve(), ...options });
    const counted: LoadedDaemon = {
      ...lab,
      halt() {
        running.delete(counted);
        return lab.halt();
      },
      stop() {
        running.delete(counted);
        return lab.stop();
      },
    };
    running.add(counted);
    return counted;
  }

  async function pass(seconds: number): Promise<void> {
    for (let past = 0; past < seconds; past += 1) {
      await clock.advance(1000);
      for (const { guests } of running) guests.act();
      await settleFiles();
    }
  }

  async function until(
    what: string,
    holds: () => boolean | Promise<boolean>,
    told: () => unknown = () => [...running].map(({ daemon }) => daemon.notReady()),
  ): Promise<void> {
    for (let seconds = 0; !(await holds()); seconds += 1) {
      assert.ok(seconds < MOST_SECONDS, `${what}: ${JSON.stringify(told())}`);
      await pass(1);
    }
  }

  return { clock, start, pass, until };
}
