import type { Command } from 'commander';
import { createClient } from '../../src/cli/client.ts';

/** Longer than this a shell shall never be held up. */
const PATIENCE_MS = 300;

export function addComplete(program: Command): void {
  program
    .command('__complete', { hidden: true })
    .argument('[WORDS...]')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (words: string[]) => {
      const { complete, socketOf } = await import('../../src/cli/completion.ts');
      const socket = socketOf(program, words) ?? program.opts<{ socket: string }>().socket;
      const giveUp = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
      const client = createClient(socket, { timeoutMs: PATIENCE_MS });
      const text = await complete(program, words, { client, giveUp });
      // What is still asked for is not waited for.
      process.stdout.write(text, () => process.exit());
    });
}
