import { createInterface } from 'node:readline/promises';
import { ReasonedError } from '../../api/errors.ts';
import type { Ask, InitFlags } from './ask.ts';

/**
 * The person at the terminal; undefined where nothing is to be asked. Questions go to stderr: stdout has the paths alone.
 * @throws ReasonedError NoTerminal
 */
export function openTerminal({
  yes,
}: Pick<InitFlags, 'yes'>): { ask: NonNullable<Ask>; close: () => void } | undefined {
  if (yes === true) return undefined;
  if (!process.stdin.isTTY) {
    const hint = 'give --yes, and what differs from the usual as flags';
    throw new ReasonedError('NoTerminal', 'cannot ask: standard input is no terminal', { hint });
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const gone = Promise.withResolvers<never>();
  gone.promise.catch(() => undefined);
  lines.on('close', () => gone.reject(new ReasonedError('Aborted', 'nothing was written')));
  return {
    ask: (question) => Promise.race([lines.question(question), gone.promise]),
    close: () => lines.close(),
  };
}
