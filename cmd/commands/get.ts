import { type Command, Option } from 'commander';
import type { Client } from '../../src/cli/client.ts';
import type { GetFlags } from '../../src/cli/get.ts';
import { OUTPUTS } from '../../src/cli/outputs.ts';

export function addGet(program: Command, client: () => Client): void {
  program
    .command('get')
    .description('Show objects: all of them, those of a kind, or those named')
    .argument('[TYPE]', 'network, image, node, loadbalancer, host; TYPE/NAME and TYPE1,TYPE2 work too')
    .argument('[NAMES...]')
    .addOption(new Option('-o, --output <FORMAT>', 'how to print them').choices(OUTPUTS))
    .option('--no-headers', 'leave out the header line')
    .option('--ignore-not-found', 'exit with 0 when a named object does not exist')
    .usage('[options] [TYPE [NAME...]]')
    .addHelpText(
      'after',
      '\nExamples:\n  k8slab get\n  k8slab get nodes -o wide\n  k8slab get node/master00 -o yaml',
    )
    .action(async (type: string | undefined, names: string[], flags: GetFlags) => {
      const { get } = await import('../../src/cli/get.ts');
      const text = await get(client(), type === undefined ? [] : [type, ...names], flags);
      if (text === '') process.stderr.write('No resources found\n');
      process.stdout.write(text);
    });
}
