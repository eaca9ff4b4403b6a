import { type Command, InvalidArgumentError } from 'commander';
import type { Client } from '../../src/cli/client.ts';

interface LogsFlags {
  readonly follow?: boolean;
  readonly tail?: number;
  readonly cloudInit?: boolean;
}

export function addLogs(program: Command, client: () => Client): void {
  program
    .command('logs')
    .description('Show what a guest printed on its console, or what cloud-init did in it')
    .argument('<NODE>')
    .option('-f, --follow', 'go on with what comes')
    .option('--tail <LINES>', 'only the last lines', parseLines)
    .option('--cloud-init', "cloud-init's output, by ssh: packages, commands and their errors")
    .addHelpText(
      'after',
      `
The console's log is on the vmhost, for root, and holds earlier boots too. What k8slabd did: journalctl -u k8slabd
Examples:
  k8slab logs master00 --tail 50
  k8slab logs master00 -f
  k8slab logs master00 --cloud-init`,
    )
    .action(async (word: string, flags: LogsFlags) => {
      const { printProgram } = await import('../../src/cli/print-program.ts');
      const { cloudInitLogs, consoleLogs } = await import('../../src/cli/logs.ts');
      const out = {
        write: (text: string) => void process.stdout.write(text),
        terminal: process.stdout.isTTY,
      };
      if (flags.cloudInit === true) {
        const { fetchGuest } = await import('../../src/cli/guest.ts');
        const { withKnownHosts } = await import('../../src/cli/ssh.ts');
        const { daemonIdentities } = await import('../vmhost.ts');
        const guest = await fetchGuest(client(), word);
        const identities = await daemonIdentities(guest);
        await withKnownHosts(guest, (knownHosts) =>
          printProgram(cloudInitLogs(guest, { identities, knownHosts }, flags), out),
        );
        return;
      }
      const { openLibvirt } = await import('../libvirt.ts');
      const libvirt = await openLibvirt();
      const argv = await consoleLogs(libvirt, word, flags).finally(() => libvirt.dispose());
      await printProgram(argv, out);
    });
}

function parseLines(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('a number of lines, such as 50');
  return Number(value);
}
