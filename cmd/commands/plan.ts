import { type Command, Option } from 'commander';
import type { Client } from '../../src/cli/client.ts';

export function addPlan(program: Command, client: () => Client): void {
  program
    .command('plan')
    .description('Show what the daemon would do, what each step costs the guests, and why')
    .argument('[PATHS...]', 'plan for these manifests instead of those the daemon watches')
    .addOption(new Option('-o, --output <FORMAT>', 'how to print it').choices(['json']))
    .addHelpText('after', '\nExit codes: 0 nothing to do, 2 changes, 1 error')
    .action(async (paths: string[], flags: { output?: 'json' }) => {
      const { fetchPlan, planExitCode, printPlan } = await import('../../src/cli/plan.ts');
      const answer = await fetchPlan(client(), paths);
      process.stdout.write(
        flags.output === 'json' ? `${JSON.stringify(answer, null, 2)}\n` : printPlan(answer),
      );
      process.exitCode = planExitCode(answer);
    });
}
