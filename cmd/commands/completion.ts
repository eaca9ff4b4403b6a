import { Argument, type Command } from 'commander';

const HELP = `
For this shell:          source <(k8slab completion bash)
For all to come:         k8slab completion bash > /etc/bash_completion.d/k8slab
                         k8slab completion zsh > "\${fpath[1]}/_k8slab"
                         k8slab completion fish > ~/.config/fish/completions/k8slab.fish`;

export function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('Print a completion script: source <(k8slab completion bash)')
    .addArgument(new Argument('<SHELL>').choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', HELP)
    .action(async (shell: string) => {
      const { completionScript } = await import('../../src/cli/completion-scripts.ts');
      process.stdout.write(completionScript(shell));
    });
}
