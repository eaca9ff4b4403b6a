import { type Command, Option } from 'commander';
import type { WatchingClient } from '../../src/cli/client.ts';
import type { WaitFlags } from '../../src/cli/wait.ts';
import { ignoredNamespaces } from './options.ts';

const EXAMPLES = `
Examples:
  k8slab wait node/master00 --for=condition=Ready
  k8slab wait nodes --all --for=condition=Ready --timeout=15m
  k8slab wait node/worker03 --for=delete --timeout=2m
  k8slab wait node/master00 --for=jsonpath='{.status.address}'=192.168.111.150

A condition that is older than the object's manifest does not count.

Exit codes: 0 all are so, 1 one is not there or was not so in time`;

export function addWait(program: Command, client: () => WatchingClient): void {
  const command = program
    .command('wait')
    .description('Wait until objects are in a condition, or gone')
    .argument('<TYPE>', 'a kind, or TYPE/NAME')
    .argument('[NAMES...]')
    .addOption(
      new Option(
        '--for <GOAL>',
        'condition=TYPE[=STATUS], delete, create or jsonpath={PATH}[=VALUE]',
      ).makeOptionMandatory(),
    )
    .option(
      '--timeout <DURATION>',
      'how long at most, such as 90s or 15m; 0 looks once, less than 0 waits a week',
      '30s',
    )
    .option('--all', 'all objects of the kind')
    .option('-l, --selector <SELECTOR>', 'those with such labels: zone=a')
    .option('--field-selector <SELECTOR>', 'those with such fields: metadata.name=master00')
    .addOption(new Option('-o, --output <FORMAT>', 'print their names alone').choices(['name']))
    .usage('[options] TYPE/NAME... | TYPE [NAME...]')
    .addHelpText('after', EXAMPLES)
    .action(async (type: string, names: string[], flags: WaitFlags) => {
      const { wait } = await import('../../src/cli/wait.ts');
      const { processWaits } = await import('../../src/cli/waits.ts');
      // A timer that is over before the first answer would hide it: to look once needs no deadline.
      const deadline = (ms: number): AbortSignal =>
        ms === 0 ? new AbortController().signal : AbortSignal.timeout(Math.min(ms, 2 ** 31 - 1));
      await wait(client(), [type, ...names], flags, { ...processWaits(), deadline });
    });
  ignoredNamespaces(command);
}
