import { sleepOn, type Clock, type Timer } from '../../src/engine/clock.ts';

export interface FakeClock extends Clock {
  /** Moves time on, firing timers at their time and letting promises settle after each, and before returning. */
  advance(ms: number): Promise<void>;
  /** Steps the wall clock alone, as setting the host's clock does. */
  step(ms: number): void;
  /** Timers that have neither fired nor been cancelled. */
  pendingTimers(): number;
}

interface Pending {
  readonly at: number;
  readonly run: () => void;
}

/** A clock that stands still until told otherwise. `monotonic` starts at 0. */
export function createFakeClock(startMs: number = Date.UTC(2026, 0, 1)): FakeClock {
  let elapsed = 0;
  let wall = startMs;
  const timers = new Set<Pending>();

  function setTimer(delayMs: number, run: () => void): Timer {
    const pending = { at: elapsed + Math.max(0, delayMs), run };
    timers.add(pending);
    return { cancel: () => void timers.delete(pending) };
  }

  async function advance(ms: number): Promise<void> {
    const until = elapsed + ms;
    await settle();
    for (let next = earliest(timers); next !== undefined && next.at <= until; next = earliest(timers)) {
      elapsed = Math.max(elapsed, next.at);
      timers.delete(next);
      next.run();
      await settle();
    }
    elapsed = until;
  }

  return {
    now: () => wall + elapsed,
    monotonic: () => elapsed,
    setTimer,
    sleep: (ms, signal) => sleepOn(setTimer, ms, signal),
    advance,
    step: (ms) => void (wall += ms),
    pendingTimers: () => timers.size,
  };
}

/** Lets everything run that waits for nothing but promises. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The same, with what is read from and written to files meanwhile: the machine has no such clock. */
export async function settleFiles(): Promise<void> {
  do await settle();
  while (process.getActiveResourcesInfo().some((each) => each.startsWith('FSReq')));
}

function earliest(timers: ReadonlySet<Pending>): Pending | undefined {
  let first: Pending | undefined;
  for (const timer of timers) if (first === undefined || timer.at < first.at) first = timer;
  return first;
}
