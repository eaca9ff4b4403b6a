import { chmod, mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toError } from '../../api/errors.ts';
import { oneLine } from '../../api/plain.ts';
import { ExecError, exec as runCommand, type Exec } from '../exec.ts';
import { isMissing } from '../io-errors.ts';
import { BOOT_SECTOR, SAID } from './boot-sector.ts';

/** Whether KVM runs what a guest runs. */
export type KvmVerdict =
  | { readonly state: 'Works'; readonly seconds: number }
  /** There is no /dev/kvm. */
  | { readonly state: 'Absent' }
  /** It may not be opened by who asks. */
  | { readonly state: 'Denied' }
  /** QEMU starts with it, and the guest gets nowhere. */
  | { readonly state: 'Hangs'; readonly seconds: number }
  /** QEMU ends with an error of its own. */
  | { readonly state: 'Fails'; readonly why: string }
  /** It could not be tried. */
  | { readonly state: 'Untried'; readonly why: string };

export interface KvmProbeOptions {
  /** Path of a qemu-system-x86_64; undefined where there is none. */
  readonly qemu: string | undefined;
  readonly exec?: Exec;
  readonly device?: string;
  readonly arch?: string;
  readonly uid?: number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

const DEADLINE_MS = 5000;
const NOBODY = 65_534;
/** The BIOS refuses disks that are smaller. */
const DISK_BYTES = 1024 ** 2;

/**
 * Boots a sector that counts, with KVM, as a process without privileges that is killed after five seconds. A KVM that is
 * there and works takes a fraction of one; one without hardware behind it opens, creates a machine, and gets nowhere.
 */
export async function probeKvm(options: KvmProbeOptions): Promise<KvmVerdict> {
  const {
    qemu,
    exec = runCommand,
    device = '/dev/kvm',
    arch = process.arch,
    now = () => performance.now(),
  } = options;
  const found = await stat(device).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (found === undefined) return { state: 'Absent' };
  if (arch !== 'x64') return { state: 'Untried', why: `there is no such probe for ${arch}` };
  if (qemu === undefined) return { state: 'Untried', why: 'there is no QEMU to try it with' };
  const directory = await mkdtemp(join(tmpdir(), 'k8slab-kvm-'));
  try {
    const disk = await writeDisk(directory);
    const argv = [...unprivileged(found, options.uid ?? process.getuid?.() ?? 0), ...machine(qemu, disk)];
    const started = now();
    const said = await boot(exec, argv);
    const seconds = Math.round((now() - started) / 100) / 10;
    return typeof said === 'string' ? verdictOf(said, seconds) : said;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function writeDisk(directory: string): Promise<string> {
  const path = join(directory, 'disk');
  await writeFile(path, Buffer.from(BOOT_SECTOR, 'base64'), { mode: 0o644 });
  await truncate(path, DISK_BYTES);
  await chmod(directory, 0o755); // for whoever QEMU runs as
  return path;
}

/** As libvirt's own user would: with the group of the device where that may use it, and without any capability. */
function unprivileged(
  { mode, gid }: { readonly mode: number; readonly gid: number },
  uid: number,
): readonly string[] {
  if (uid !== 0) return [];
  const drop = ['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'];
  const group = (mode & 0o060) === 0o060 && gid !== 0 ? gid : (mode & 0o006) === 0o006 ? NOBODY : undefined;
  if (group === undefined) return ['setpriv', ...drop];
  return ['setpriv', `--reuid=${NOBODY}`, `--regid=${group}`, '--clear-groups', ...drop];
}

/** A machine of the sort that k8slab's guests have. */
function machine(qemu: string, disk: string): readonly string[] {
  const drive = `file=${disk},format=raw,if=ide,snapshot=on`;
  const bare = ['-nodefaults', '-no-user-config', '-display', 'none', '-vga', 'none', '-no-reboot'];
  return [
    qemu,
    '-accel',
    'kvm',
    '-machine',
    'q35',
    '-cpu',
    'host',
    '-m',
    '32',
    ...bare,
    '-serial',
    'stdio',
    '-drive',
    drive,
  ];
}

async function boot(exec: Exec, argv: readonly string[]): Promise<string | KvmVerdict> {
  try {
    return (await exec(argv, { deadlineMs: DEADLINE_MS })).stdout;
  } catch (error) {
    if (!(error instanceof ExecError)) throw error;
    return failureOf(error);
  }
}

function failureOf(error: ExecError): KvmVerdict {
  const why = oneLine(error.stderr.trim()) || error.why;
  if (error.reason === 'DeadlineExceeded') return { state: 'Hangs', seconds: DEADLINE_MS / 1000 };
  if (error.reason === 'CommandNotFound') return { state: 'Untried', why: toError(error).message };
  if (/Could not access KVM kernel module: Permission denied/.test(why)) return { state: 'Denied' };
  return { state: 'Fails', why };
}

function verdictOf(said: string, seconds: number): KvmVerdict {
  return said.includes(SAID)
    ? { state: 'Works', seconds }
    : { state: 'Fails', why: 'the guest reset before it was done' };
}
