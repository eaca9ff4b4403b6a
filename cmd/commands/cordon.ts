import type { Command } from 'commander';
import type { Client } from '../../src/cli/client.ts';

const CODES = '\n\nExit codes: 0 done; 1 refused, or not confirmed';

/** cordon, uncordon and drain: for vmhosts that share a lab by an API server. */
export function addCordon(program: Command, client: () => Client): void {
  for (const [verb, description] of [
    ['cordon', 'Place no more Nodes on a vmhost; what is there stays'],
    ['uncordon', 'Place Nodes on a vmhost again'],
  ] as const) {
    program
      .command(verb)
      .description(description)
      .argument('<VMHOST>', 'name of a Vmhost')
      .addHelpText('after', `\nExample:\n  k8slab ${verb} vmhost1${CODES}`)
      .action(async (vmhost: string) => {
        const { cordon } = await import('../../src/cli/cordon.ts');
        process.stdout.write(await cordon(client(), vmhost, verb === 'cordon'));
      });
  }
  program
    .command('drain')
    .description('Cordon a vmhost and make its Nodes anew elsewhere, as far as their manifests allow')
    .argument('<VMHOST>', 'name of a Vmhost')
    .option('--yes', 'without asking')
    .addHelpText(
      'after',
      `\nOnly Nodes with disk.image and policy.reclaim: Delete, and without spec.vmhost, go, and lose what is on their disks; all others stay.\nExample:\n  k8slab drain vmhost1${CODES}`,
    )
    .action(async (vmhost: string, flags: { yes?: boolean }) => {
      const { drain } = await import('../../src/cli/cordon.ts');
      const { stdin: input, stderr: output } = process;
      const terminal = input.isTTY && output.isTTY ? { terminal: { input, output } } : {};
      const tell = (table: string): void => void process.stderr.write(table);
      process.stdout.write(await drain(client(), vmhost, { ...flags, ...terminal, tell }));
    });
}
