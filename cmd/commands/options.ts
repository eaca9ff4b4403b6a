import { InvalidArgumentError, Option, type Command } from 'commander';

/** An option that may be given several times. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

export function parseBoolean(value: string): boolean {
  if (value !== 'true' && value !== 'false') throw new InvalidArgumentError('true or false');
  return value === 'true';
}

/** What hands that know kubectl type out of habit: nothing here has a namespace. */
export function ignoredNamespaces(command: Command): void {
  command
    .addOption(
      new Option('-A, --all-namespaces', 'accepted, and of no effect: nothing has a namespace').hideHelp(),
    )
    .addOption(new Option('-n, --namespace <NAME>', 'as -A').hideHelp());
}
