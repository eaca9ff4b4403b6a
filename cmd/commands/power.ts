import type { Command } from 'commander';
import type { PowerVerb } from '../../src/api/node/power.ts';
import type { Client } from '../../src/cli/client.ts';
import type { PowerFlags } from '../../src/cli/power.ts';
import { parseBoolean, parseSeconds } from './options.ts';

interface Words {
  readonly description: string;
  readonly help: string;
}

const COMMANDS: Readonly<Record<PowerVerb, Words>> = {
  restart: {
    description: 'Restart guests: shut down and start, which brings about what waits for a restart',
    help: `
Each guest shuts down by itself and is started again. Of a role one goes at a time, and only while the others are Ready.
Examples:
  k8slab restart master00
  k8slab restart master00 master01 --wait=false
  k8slab restart master00 --force     though another master is not Ready`,
  },
  start: {
    description: 'Start guests that shall run and are off, as policy.drift: Report leaves them',
    help: `
A guest whose manifest says spec.power: Stopped is refused: k8slabd would stop it again.
Example:
  k8slab start worker00`,
  },
  stop: {
    description: 'Wait until guests are off whose manifests say spec.power: Stopped',
    help: `
A guest whose manifest says that it runs is refused, with the file and line to edit: k8slabd would start it again.
Example:
  k8slab stop worker00`,
  },
};

export function addPower(program: Command, client: () => Client): void {
  for (const verb of Object.keys(COMMANDS) as PowerVerb[]) {
    const { description, help } = COMMANDS[verb];
    const command = program
      .command(verb)
      .description(description)
      .argument('<NODES...>', 'names of Nodes')
      .option('--wait [BOOLEAN]', 'wait until it is done; false: ask for it and go', parseBoolean, true)
      .option('--timeout <DURATION>', 'how long to wait for each: 600, 600s or 10m', parseSeconds, 600)
      .addHelpText(
        'after',
        `${help}\n\nExit codes: 0 done, or asked for; 1 refused, failed or not done in time`,
      );
    if (verb === 'restart') command.option('--force', 'though others of the role are not Ready');
    command.action(async (nodes: string[], flags: PowerFlags) => {
      const { power } = await import('../../src/cli/power.ts');
      process.exitCode = await power(client(), verb, nodes, {
        flags,
        print: (line) => process.stdout.write(`${line}\n`),
        complain: (line) => process.stderr.write(`k8slab: ${line}\n`),
      });
    });
  }
}
