import type { Command } from 'commander';
import type { Client } from '../../src/cli/client.ts';

export function addUpdatePackages(program: Command, client: () => Client): void {
  program
    .command('update-packages')
    .description(
      "Bring the guests' packages up to date, one guest after the other; stops at the first failure",
    )
    .argument('[NODES...]', 'only these; all of them when nothing is given')
    .option('--role <ROLE>', 'only guests of this role')
    .action(async (nodes: string[], flags: { role?: string }) => {
      const { updatePackages } = await import('../../src/cli/update-packages.ts');
      const selection = { ...flags, ...(nodes.length === 0 ? {} : { nodes }) };
      process.exitCode = await updatePackages(client(), selection, (line) =>
        process.stdout.write(`${line}\n`),
      );
    });
}
