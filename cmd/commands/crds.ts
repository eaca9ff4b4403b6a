import type { Command } from 'commander';

export function addCrds(program: Command): void {
  program
    .command('crds')
    .description('Print what makes a Kubernetes API server know the kinds of k8slab; needs no daemon')
    .option('--rbac', 'instead: what the daemons may do there, as roles and admission policies')
    .addHelpText(
      'after',
      `
The kubeconfig of each vmhost's daemon is made with kubectl: its user is the service account vmhost-NAME in k8slab-system, or
k8slab:vmhost:NAME in the group k8slab:vmhosts of a client certificate. docs/many-vmhosts-setup.md has the commands.

Examples:
  k8slab crds | kubectl apply --server-side -f -
  k8slab crds --rbac | kubectl apply --server-side -f -`,
    )
    .action(async (flags: { rbac?: boolean }) => {
      const { crdManifests, rbacManifests } = await import('../../src/cli/crds.ts');
      process.stdout.write(flags.rbac === true ? rbacManifests() : crdManifests());
    });
}
