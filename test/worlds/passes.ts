import { ReasonedError } from '../../src/api/errors.ts';
import type { Kind } from '../../src/api/meta.ts';
import type { Logger } from '../../src/engine/logger.ts';
import type { FakeClock } from '../engine/fake-clock.ts';
import type { Bed } from '../controllers/bed.ts';

export const ORDER: readonly Kind[] = ['Vmhost', 'Network', 'Image', 'Node', 'LoadBalancer'];
/** Longer than what is waited for between two tries. */
const QUIET_ROUNDS = 6;

export interface Ticks {
  readonly tickMs: number;
  readonly count: number;
}

/** A pass within which what sleeps is woken. @returns the error that the object's condition tells */
export async function passWhileTimeGoes(
  bed: Bed,
  [kind, name]: readonly [Kind, string],
  { log, ...ticks }: Ticks & { readonly log?: Logger },
): Promise<ReasonedError | undefined> {
  const running = bed.pass(kind, name, log).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof ReasonedError) return error;
      throw error;
    },
  );
  return whileTimeGoes(bed.clock, running, ticks);
}

/** Wakes what sleeps until `running` ends. */
export async function whileTimeGoes<T>(
  clock: Pick<FakeClock, 'advance'>,
  running: Promise<T>,
  { tickMs, count }: Ticks,
): Promise<T> {
  const state = { over: false };
  const ended = running.finally(() => (state.over = true));
  for (let ticks = 0; !state.over && ticks < count; ticks += 1) await clock.advance(tickMs);
  return ended;
}

/** Rounds until some in a row change nothing of the world. @returns whether that came within so many */
export async function untilQuiet(
  { calls }: { readonly calls: readonly string[] },
  round: () => Promise<void>,
  rounds: number,
  quietRounds = QUIET_ROUNDS,
): Promise<boolean> {
  for (let done = 0, quiet = 0; done < rounds; done += 1) {
    const before = calls.length;
    await round();
    quiet = calls.length === before ? quiet + 1 : 0;
    if (quiet === quietRounds) return true;
  }
  return false;
}
