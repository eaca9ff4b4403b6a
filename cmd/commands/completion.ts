import type { Command } from 'commander';

export function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('Print a completion script: source <(k8slab completion bash)')
    .argument('<SHELL>', 'bash, zsh or fish')
    .action(async (shell: string) => {
      const { completionScript } = await import('../../src/cli/completion.ts');
      process.stdout.write(completionScript(shell));
    });
}
