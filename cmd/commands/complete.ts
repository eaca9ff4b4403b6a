import type { Command } from 'commander';
import type { Client } from '../../src/cli/client.ts';

export function addComplete(program: Command, client: () => Client): void {
  program
    .command('__complete', { hidden: true })
    .argument('[WORDS...]')
    .allowUnknownOption()
    .action(async (words: string[]) => {
      const { complete } = await import('../../src/cli/completion.ts');
      process.stdout.write((await complete(client(), words)).map((word) => `${word}\n`).join(''));
    });
}
