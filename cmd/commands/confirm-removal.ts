import type { Command } from 'commander';
import type { Client } from '../../src/cli/client.ts';

export function addConfirmRemoval(program: Command, client: () => Client): void {
  program
    .command('confirm-removal')
    .description('Let removals go on that are held because too many objects lost their manifests at once')
    .argument('[NAMES...]', 'TYPE/NAME of objects that are held; all of them when left out, after asking')
    .option('--all', 'everything that is held, without asking')
    .addHelpText(
      'after',
      '\nExamples:\n  k8slab confirm-removal\n  k8slab confirm-removal node/worker00 node/worker01\n\nExit codes: 0, also where nothing is held; 1 where what is held was not confirmed',
    )
    .action(async (names: string[], flags: { all?: boolean }) => {
      const { confirmRemoval } = await import('../../src/cli/confirm-removal.ts');
      const { stdin: input, stderr: output } = process;
      const terminal = input.isTTY && output.isTTY ? { terminal: { input, output } } : {};
      const tell = (table: string): void => void process.stderr.write(table);
      process.stdout.write(await confirmRemoval(client(), names, { ...flags, ...terminal, tell }));
    });
}
