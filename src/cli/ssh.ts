import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quoteArgv } from '../drivers/ssh/quote.ts';
import type { Guest } from './guest.ts';

export interface SshLogin {
  /** Whom to log in as, in place of the manifest's user. */
  readonly user?: string | undefined;
  /** Private keys beside those that ssh finds by itself. */
  readonly identities: readonly string[];
  /** A terminal for the command; without a command ssh asks for one by itself. */
  readonly tty?: boolean | undefined;
  /** What else ssh is told, such as `BatchMode=yes`. */
  readonly options?: readonly string[];
}

/** @param command words of the command in the guest, which no shell there takes apart; none: a login shell */
export function sshArgv(
  guest: Guest,
  login: SshLogin,
  command: readonly string[],
  knownHosts?: string,
): string[] {
  const pinned = [
    `HostKeyAlias=${guest.node}`,
    `UserKnownHostsFile=${knownHosts ?? ''}`,
    'GlobalKnownHostsFile=/dev/null',
    'StrictHostKeyChecking=yes',
    'UpdateHostKeys=no',
  ];
  const options = [...(knownHosts === undefined ? [] : pinned), ...(login.options ?? [])];
  return [
    'ssh',
    ...options.flatMap((option) => ['-o', option]),
    ...login.identities.flatMap((path) => ['-i', path]),
    ...(login.tty === true ? ['-t'] : []),
    ...['-l', login.user ?? guest.user, '--', guest.address],
    ...(command.length === 0 ? [] : [quoteArgv(command)]),
  ];
}

/** Lends a file of known hosts that has the guest's key alone, so that ssh takes no other. */
export async function withKnownHosts<T>(
  { node, hostKey }: Guest,
  use: (path: string | undefined) => Promise<T>,
): Promise<T> {
  // Of a guest that k8slab has no key of, the user's own file decides, and ssh asks.
  if (hostKey === undefined) return use(undefined);
  const directory = await mkdtemp(join(tmpdir(), 'k8slab-ssh-'));
  try {
    const path = join(directory, 'known_hosts');
    await writeFile(path, `${node} ${hostKey}\n`, { mode: 0o600 });
    return await use(path);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
