import type { Command } from 'commander';
import { version } from '../../src/api/version.ts';

export function addVersion(program: Command): void {
  program
    .command('version')
    .description('Print the version')
    .action(() => {
      process.stdout.write(`${version}\n`);
    });
}
