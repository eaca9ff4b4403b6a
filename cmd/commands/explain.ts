import type { Command } from 'commander';

export function addExplain(program: Command): void {
  program
    .command('explain')
    .description('Explain a kind or a field of it')
    .argument('<KIND[.FIELD...]>', 'such as node or node.spec.disk')
    .action(async (path: string) => {
      const { explain } = await import('../../src/api/kinds/explain.ts');
      process.stdout.write(explain(path));
    });
}
