import type { Command } from 'commander';
import type { Client } from '../../src/cli/client.ts';

interface SshFlags {
  readonly user?: string;
  readonly identity: readonly string[];
  readonly tty?: boolean;
}

export function addSsh(program: Command, client: () => Client): void {
  program
    .command('ssh')
    .description('Log in to a guest, or run a command there, by the host key that k8slab gave it')
    .argument('<NODE>')
    .argument('[CMD...]', 'a command and its arguments; a shell in the guest takes nothing apart')
    .usage('[options] <NODE> [CMD [ARGS...]]')
    .option('-l, --user <USER>', "another user than the manifest's ssh.user")
    .option(
      '-i, --identity <FILE>',
      'a private key; may be given again',
      (path: string, all: readonly string[]) => [...all, path],
      [],
    )
    .option('-t, --tty', 'a terminal for the command, as for top or vi')
    .addHelpText(
      'after',
      `
Your own keys and your ssh_config count, as with ssh; root has the daemon's key too.
Options for k8slab come before NODE; all that follows NODE is the command's.
Examples:
  k8slab ssh master00
  k8slab ssh master00 ping -c 3 loadbalancer
  k8slab ssh master00 sh -c 'uptime; free -m'

Exit code: that of the command; 255 when ssh fails`,
    )
    .action(async (node: string, words: string[], flags: SshFlags) => {
      const { fetchGuest } = await import('../../src/cli/guest.ts');
      const { sshArgv, withKnownHosts } = await import('../../src/cli/ssh.ts');
      const { runForeground } = await import('../../src/drivers/exec.ts');
      const { daemonIdentities } = await import('../vmhost.ts');
      const guest = await fetchGuest(client(), node);
      const identities = [...flags.identity, ...(await daemonIdentities(guest))];
      const login = { user: flags.user, identities, tty: flags.tty };
      process.exitCode = await withKnownHosts(guest, (knownHosts) =>
        runForeground(sshArgv(guest, login, words, knownHosts)),
      );
    });
}

/** Options of `k8slab ssh` that have a value. */
const VALUED = new Set(['-l', '--user', '-i', '--identity', '--socket']);

/** The same arguments with a `--` behind the NODE of `ssh`, so that what follows is the command's. */
export function withCommandApart(args: readonly string[]): string[] {
  const ssh = nextWord(args, 0);
  const node = args[ssh] === 'ssh' ? nextWord(args, ssh + 1) : args.length;
  if (node >= args.length - 1 || args.slice(0, node + 2).includes('--')) return [...args];
  return [...args.slice(0, node + 1), '--', ...args.slice(node + 1)];
}

/** Where the first word is that is no option and no option's value. */
function nextWord(args: readonly string[], from: number): number {
  let index = from;
  while (args[index]?.startsWith('-') === true) index += VALUED.has(args[index] ?? '') ? 2 : 1;
  return index;
}
