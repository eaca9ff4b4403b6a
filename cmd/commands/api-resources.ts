import { type Command, Option } from 'commander';
import type { ApiResourcesFlags } from '../../src/cli/api-resources.ts';
import type { Client } from '../../src/cli/client.ts';

export function addApiResources(program: Command, client: () => Client): void {
  program
    .command('api-resources')
    .description('List the kinds that the daemon serves, with their short names')
    .addOption(new Option('-o, --output <FORMAT>', 'how to print them').choices(['wide', 'name']))
    .option('--no-headers', 'leave out the header line')
    .action(async (flags: ApiResourcesFlags) => {
      const { apiResources } = await import('../../src/cli/api-resources.ts');
      process.stdout.write(await apiResources(client(), flags));
    });
}
