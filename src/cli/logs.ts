import { access, constants } from 'node:fs/promises';
import { ReasonedError, toError } from '../api/errors.ts';
import { consoleLogOf, parseDomain } from '../api/libvirt/domain.ts';
import type { Libvirt } from '../drivers/libvirt.ts';
import { nodeName, type Guest } from './guest.ts';
import { sshArgv } from './ssh.ts';

export interface Wanted {
  readonly follow?: boolean;
  /** Lines from the end; undefined: all of them. */
  readonly tail?: number;
}

/** A file's lines as tail(1) prints them, which also follows a file that another takes the place of. */
function tailArgv({ follow, tail }: Wanted, path: string): string[] {
  const lines = tail === undefined ? '+1' : String(tail);
  return ['tail', '-n', lines, ...(follow === true ? ['-F'] : []), path];
}

/**
 * What prints a guest's console. The file is the one that libvirt was told, whoever defined the guest.
 * @throws ReasonedError NotFound, NoConsoleLog, and why it cannot be read
 */
export async function consoleLogs(
  libvirt: Pick<Libvirt, 'domainXml'>,
  word: string,
  wanted: Wanted,
): Promise<string[]> {
  const name = nodeName(word);
  const xml =
    (await libvirt.domainXml(name, { inactive: false })) ??
    (await libvirt.domainXml(name, { inactive: true }));
  if (xml === undefined)
    throw new ReasonedError('NotFound', `cannot show logs of "${name}": libvirt has no domain of that name`);
  const path = consoleLogOf(parseDomain(xml).root);
  if (path === undefined) throw notKept(name);
  try {
    await access(path, constants.R_OK);
  } catch (error) {
    const denied = 'code' in toError(error) && (error as NodeJS.ErrnoException).code === 'EACCES';
    const hint = denied
      ? { hint: 'run it as root' }
      : { hint: 'it is written from the next start of the guest on' };
    throw new ReasonedError('Unreadable', `cannot show logs of "${name}": ${toError(error).message}`, hint);
  }
  return tailArgv(wanted, path);
}

/** A guest that was made before its definition had it, or that others made. */
function notKept(name: string): ReasonedError {
  const message = `cannot show logs of "${name}": its definition has no <log> for its console, which nobody keeps then`;
  const hint =
    `k8slab console ${name} shows what comes; to have it kept from the next start on: virsh edit ${name}, and in <serial> ` +
    `<log file='/var/log/libvirt/qemu/${name}-serial0.log' append='on'/>`;
  return new ReasonedError('NoConsoleLog', message, { hint });
}

/** What the commands of the first boot printed; where there is none of that, what cloud-init itself noted. */
const CLOUD_INIT = `for log in /var/log/cloud-init-output.log /var/log/cloud-init.log; do
  [ -e "$log" ] && exec tail "$@" "$log"
done
echo 'the guest has neither /var/log/cloud-init-output.log nor /var/log/cloud-init.log' >&2
exit 1`;

export function cloudInitLogs(
  guest: Guest,
  {
    identities,
    knownHosts,
  }: { readonly identities: readonly string[]; readonly knownHosts: string | undefined },
  wanted: Wanted,
): string[] {
  const sudo = guest.user === 'root' ? [] : ['sudo', '-n'];
  const [, ...options] = tailArgv(wanted, '').slice(0, -1);
  const command = [...sudo, 'sh', '-c', CLOUD_INIT, 'k8slab', ...options];
  return sshArgv(guest, { identities, options: ['BatchMode=yes', 'LogLevel=ERROR'] }, command, knownHosts);
}
