import type { Command } from 'commander';
import { version } from '../../src/api/version.ts';
import type { Client } from '../../src/cli/client.ts';

export function addVersion(program: Command, client: () => Client): void {
  program
    .command('version')
    .description('Print the versions of k8slab and of the daemon')
    .option('--client', 'that of k8slab alone; needs no daemon')
    .addHelpText('after', '\nExit codes: 0, or 1 where the daemon does not answer')
    .action(async (flags: { client?: boolean }) => {
      process.stdout.write(`Client Version: ${version}\n`);
      if (flags.client === true) return;
      const { serverVersion } = await import('../../src/cli/version.ts');
      process.stdout.write(`Server Version: ${await serverVersion(client())}\n`);
    });
}
