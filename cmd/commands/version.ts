import type { Command } from 'commander';

export function addVersion(program: Command): void {
  program
    .command('version')
    .description('Print the version')
    .action(() => {
      process.stdout.write(`${version}\n`);
    });
}
