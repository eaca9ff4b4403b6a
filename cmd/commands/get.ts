import type { Command } from 'commander';
import type { WatchingClient } from '../../src/cli/client.ts';
import type { WatchFlags } from '../../src/cli/get-watch.ts';
import { OUTPUTS } from '../../src/cli/outputs.ts';
import { collect, ignoredNamespaces } from './options.ts';

interface Flags extends WatchFlags {
  readonly watch?: boolean;
}

const EXAMPLES = `
Examples:
  k8slab get                                     # everything
  k8slab get nodes -o wide                       # with MAC addresses, sizes and messages
  k8slab get nodes -w                            # and a line for each change from then on
  k8slab get node/master00 -o yaml               # a manifest that can be applied again
  k8slab get kn -l zone=a -L zone --sort-by=.spec.memory
  k8slab get nodes -o jsonpath='{range .items[*]}{.metadata.name}{"\\n"}{end}'
  k8slab get nodes -o custom-columns=NAME:.metadata.name,DISK:.status.disk
  k8slab get events
  k8slab get -f manifests/lab                    # the objects of these manifests

Exit codes: 0 also when there is nothing, 1 an error, such as a name that is not there`;

export function addGet(program: Command, client: () => WatchingClient): void {
  const command = program
    .command('get')
    .description('Show objects: all of them, those of a kind, or those named')
    .argument(
      '[TYPE]',
      'network, image, node, loadbalancer, host, events; TYPE/NAME and TYPE1,TYPE2 work too',
    )
    .argument('[NAMES...]')
    .option('-o, --output <FORMAT>', `how to print them: ${OUTPUTS.join(', ')}`)
    .option('-w, --watch', 'print a line for each change after what there is')
    .option('--watch-only', 'print a line for each change, and not what there is')
    .option('-l, --selector <SELECTOR>', "those with such labels: zone=a, 'zone in (a,b)', !spare")
    .option('--field-selector <SELECTOR>', 'those with such fields: metadata.name=master00')
    .option('-L, --label-columns <LABELS>', 'a column for each of these labels', collect)
    .option('--show-labels', 'a column with all labels')
    .option('--sort-by <FIELD>', 'sort by a field, such as .spec.memory')
    .option(
      '-f, --filename <FILE>',
      'objects of these manifests; a directory, or - for standard input',
      collect,
    )
    .option('--show-kind', 'put the kind before each name')
    .option('--no-headers', 'leave out the header line')
    .option('--ignore-not-found', 'exit with 0 when a named object does not exist')
    .usage('[options] [TYPE [NAME...]]')
    .addHelpText('after', EXAMPLES)
    .action(async (type: string | undefined, names: string[], flags: Flags) => {
      const args = type === undefined ? [] : [type, ...names];
      const { tablePaint } = await import('../../src/cli/color.ts');
      const paint = tablePaint();
      const scene = paint === undefined ? {} : { paint };
      if (flags.watch === true || flags.watchOnly === true) {
        const { getWatch } = await import('../../src/cli/get-watch.ts');
        const { processWaits } = await import('../../src/cli/waits.ts');
        return getWatch(client(), args, flags, { ...scene, ...processWaits() });
      }
      const { get } = await import('../../src/cli/get.ts');
      const text = await get(client(), args, flags, scene);
      if (text === '') process.stderr.write('No resources found\n');
      process.stdout.write(text);
    });
  ignoredNamespaces(command);
}
