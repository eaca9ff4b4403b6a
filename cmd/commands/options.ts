import { InvalidArgumentError, Option, type Command } from 'commander';
import { parseDuration } from '../../src/cli/duration.ts';

/** An option that may be given several times. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

export function parseBoolean(value: string): boolean {
  if (value !== 'true' && value !== 'false') throw new InvalidArgumentError('true or false');
  return value === 'true';
}

/** Of a number of seconds, or a duration as `k8slab wait` takes it. */
export function parseSeconds(text: string): number {
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : durationOf(text) / 1000;
  if (seconds > 0) return seconds;
  throw new InvalidArgumentError('seconds or a duration, such as 600, 600s or 10m');
}

function durationOf(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    return Number.NaN;
  }
}

/** What hands that know kubectl type out of habit: nothing here has a namespace. */
export function ignoredNamespaces(command: Command): void {
  command
    .addOption(
      new Option('-A, --all-namespaces', 'accepted, and of no effect: nothing has a namespace').hideHelp(),
    )
    .addOption(new Option('-n, --namespace <NAME>', 'as -A').hideHelp());
}
