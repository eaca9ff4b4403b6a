import { toError } from '../api/errors.ts';

const CAUSES = 5;

/** Where something was thrown, and what caused it: for the journal, never for a condition. */
export function stackOf(thrown: unknown): string {
  const stacks: string[] = [];
  let error: Error | undefined = toError(thrown);
  while (error !== undefined && stacks.length < CAUSES) {
    stacks.push(error.stack ?? `${error.name}: ${error.message}`);
    error = error.cause instanceof Error ? error.cause : undefined;
  }
  return stacks.join('\ncaused by: ');
}
