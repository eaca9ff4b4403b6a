import { ReasonedError } from '../../src/api/errors.ts';
import type { Kind } from '../../src/api/meta.ts';
import type { Logger } from '../../src/engine/logger.ts';
import type { Bed } from '../controllers/bed.ts';

export const ORDER: readonly Kind[] = ['Host', 'Network', 'Image', 'Node', 'LoadBalancer'];
const QUIET_ROUNDS = 6;

export interface Ticks {
  readonly tickMs: number;
  readonly count: number;
  readonly log?: Logger;
}

/** A pass within which what sleeps is woken. An error that the object's condition tells is no failure. */
export async function passWhileTimeGoes(
  bed: Bed,
  [kind, name]: readonly [Kind, string],
  { tickMs, count, log }: Ticks,
): Promise<void> {
  const state = { over: false };
  const running = bed.pass(kind, name, log).catch((error: unknown) => {
    if (!(error instanceof ReasonedError)) throw error;
  });
  const ended = running.then(() => (state.over = true));
  for (let ticks = 0; !state.over && ticks < count; ticks += 1) await bed.clock.advance(tickMs);
  await ended;
}

/** Rounds until some in a row change nothing of the world. @returns whether that came within so many */
export async function untilQuiet(
  { calls }: { readonly calls: readonly string[] },
  round: () => Promise<void>,
  rounds: number,
): Promise<boolean> {
  for (let done = 0, quiet = 0; done < rounds; done += 1) {
    const before = calls.length;
    await round();
    quiet = calls.length === before ? quiet + 1 : 0;
    if (quiet === QUIET_ROUNDS) return true;
  }
  return false;
}
