import { type Command, Option } from 'commander';
import type { Client } from '../../src/cli/client.ts';

const EXAMPLES = `
Examples:
  k8slab plan                                    # what is still to be done
  k8slab plan worker03.yaml                      # with this one more
  k8slab plan --only /root/next                  # if these were all manifests

Exit codes: 0 nothing to do, 2 changes, 1 an error, or an object that cannot be planned`;

export function addPlan(program: Command, client: () => Client): void {
  program
    .command('plan')
    .description('Show what the daemon would do, what each step costs the guests, and why')
    .argument(
      '[PATHS...]',
      'manifests to plan for: their objects stand in for those of the same names, the rest stays as it is',
    )
    .option('--only', 'nothing but the PATHS: what is in none of them would be removed')
    .addOption(new Option('-o, --output <FORMAT>', 'how to print it').choices(['json']))
    .addHelpText('after', EXAMPLES)
    .action(async (paths: string[], flags: { output?: 'json'; only?: boolean }) => {
      const { fetchPlan, planExitCode, printPlan } = await import('../../src/cli/plan.ts');
      const answer = await fetchPlan(client(), paths, flags);
      process.stdout.write(
        flags.output === 'json' ? `${JSON.stringify(answer, null, 2)}\n` : printPlan(answer),
      );
      process.exitCode = planExitCode(answer);
    });
}
