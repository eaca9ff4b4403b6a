import type { Command } from 'commander';

export function addExplain(program: Command): void {
  program
    .command('explain')
    .description('Explain a kind or a field of it, be it of a manifest or of the status')
    .argument('<KIND[.FIELD...]>', 'such as node, node.spec.disk or node.status.address')
    .option('--recursive', 'all fields below it, by their names and types')
    .addHelpText(
      'after',
      '\nExamples:\n  k8slab explain node.spec.networks\n  k8slab explain kn --recursive\n\nExit codes: 0, or 1 for a kind or field that there is not',
    )
    .action(async (path: string, flags: { recursive?: boolean }) => {
      const { explain } = await import('../../src/api/kinds/explain.ts');
      process.stdout.write(explain(path, flags));
    });
}
