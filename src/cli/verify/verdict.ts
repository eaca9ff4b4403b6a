import { explainError } from '../../api/errors.ts';
import type { Check, CheckName, Verdict, VerifyWorld } from './types.ts';

export function ok(message: string): Verdict {
  return { result: 'ok', message };
}

export function failed(message: string): Verdict {
  return { result: 'failed', message };
}

export function skipped(message: string): Verdict {
  return { result: 'skipped', message };
}

/** `a, b`, or `nothing`. */
export function list(words: readonly string[]): string {
  return words.length === 0 ? 'nothing' : words.join(', ');
}

/** Makes one check and takes its time. What throws has failed. */
export async function timed(
  { now }: Pick<VerifyWorld, 'now'>,
  [object, check]: readonly [string, CheckName],
  look: () => Promise<Verdict>,
): Promise<Check> {
  const since = now();
  const verdict = await look().catch((error: unknown) => failed(explainError(error)));
  return { object, check, ...verdict, seconds: Math.round(now() - since) / 1000 };
}
