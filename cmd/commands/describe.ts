import type { Command } from 'commander';
import type { Client } from '../../src/cli/client.ts';
import { ignoredNamespaces, parseBoolean } from './options.ts';

interface Flags {
  readonly selector?: string;
  readonly fieldSelector?: string;
  readonly showEvents: boolean;
}

export function addDescribe(program: Command, client: () => Client): void {
  const command = program
    .command('describe')
    .description(
      'Show all that is known of objects: spec, status, conditions, what they have to do with, events',
    )
    .argument('<TYPE>', 'a kind, or TYPE/NAME')
    .argument('[NAMES...]', 'names, or how names begin; all of the kind when left out')
    .option('-l, --selector <SELECTOR>', 'those with such labels: zone=a')
    .option('--field-selector <SELECTOR>', 'those with such fields: metadata.name=master00')
    .option('--show-events <BOOLEAN>', 'whether to show events', parseBoolean, true)
    .usage('[options] TYPE/NAME... | TYPE [NAME...]')
    .addHelpText(
      'after',
      '\nExamples:\n  k8slab describe node/master00\n  k8slab describe nodes worker\n  k8slab describe host\n\nExit codes: 0, or 1 for an error, such as a name that is not there',
    )
    .action(async (type: string, names: string[], flags: Flags) => {
      const { describe } = await import('../../src/cli/describe.ts');
      const text = await describe(client(), [type, ...names], flags, Date.now());
      if (text === '') process.stderr.write('No resources found\n');
      process.stdout.write(text);
    });
  ignoredNamespaces(command);
}
