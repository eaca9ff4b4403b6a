import type { Command } from 'commander';

export function addCrds(program: Command): void {
  program
    .command('crds')
    .description('Print what makes a Kubernetes API server know the kinds of k8slab; needs no daemon')
    .addHelpText(
      'after',
      `
Examples:
  k8slab crds | kubectl apply --server-side -f -`,
    )
    .action(async () => {
      const { crdManifests } = await import('../../src/cli/crds.ts');
      process.stdout.write(crdManifests());
    });
}
