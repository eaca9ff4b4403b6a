import type { Command } from 'commander';
import type { Client } from '../../src/cli/client.ts';

export function addKubeconfig(program: Command, client: () => Client): void {
  program
    .command('kubeconfig')
    .description('Print what kubectl needs to look at the lab; only root may')
    .option(
      '--output <FILE>',
      'write it to a file of mode 0600 instead, beside the clusters that it names already',
    )
    .addHelpText(
      'after',
      `
Whoever has it may look at everything and change nothing. The daemon serves kubectl on api.listen of its configuration.

Examples:
  k8slab kubeconfig --output ~/.kube/config && kubectl --context k8slab get nodes
  k8slab kubeconfig > lab.yaml && kubectl --kubeconfig lab.yaml wait --for=condition=Ready nodes --all`,
    )
    .action(async (flags: { output?: string }) => {
      const { kubeconfig } = await import('../../src/cli/kubeconfig.ts');
      process.stdout.write(await kubeconfig(client(), flags));
    });
}
