import { type Command, Option } from 'commander';
import type { WatchingClient } from '../../src/cli/client.ts';
import type { EventFlags } from '../../src/cli/events.ts';
import { collect, ignoredNamespaces } from './options.ts';

export function addEvents(program: Command, client: () => WatchingClient): void {
  const command = program
    .command('events')
    .description('Show what happened, the latest at the end')
    .option('--for <TYPE/NAME>', 'only what happened to this object')
    .option('--types <TYPES>', 'only Normal or Warning ones', collect)
    .option('-w, --watch', 'and what happens from now on')
    .option('--no-headers', 'leave out the header line')
    .addOption(
      new Option('-o, --output <FORMAT>', 'how to print them: json, yaml, jsonpath=…, custom-columns=…'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  k8slab events --for node/master00\n  k8slab events --types=Warning -w\n\nExit codes: 0 also when there are none, 1 an error',
    )
    .action(async (flags: EventFlags) => {
      const { events } = await import('../../src/cli/events.ts');
      const { processWaits } = await import('../../src/cli/waits.ts');
      await events(client(), flags, { ...processWaits(), now: () => Date.now() });
    });
  ignoredNamespaces(command);
}
