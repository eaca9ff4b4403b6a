import { rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ReasonedError } from '../api/errors.ts';
import { parseNames, parseReservations, renderNames, renderReservations } from './dnsmasq/host-files.ts';
import type { HostNames, Reservation } from './dnsmasq/host-files.ts';
import { createLeaseReader } from './dnsmasq/lease-reader.ts';
import type { Lease, LeaseTable } from './dnsmasq/leases.ts';
import { tellChanges, type LabChange, type Written } from './dnsmasq/tell-changes.ts';
import { sendRelease, type Release } from './dnsmasq/release.ts';
import { pidOf, watchProcesses } from './dnsmasq/processes.ts';
import { HOSTS } from './dnsmasq/watch.ts';
import { ensureDir, exists, readIfExists, writeAtomic } from './files.ts';
import { errnoOf, ioError, isMissing } from './io-errors.ts';

export type { HostNames, Reservation } from './dnsmasq/host-files.ts';
export type { Lease, LeaseTable } from './dnsmasq/leases.ts';
export type { LabChange } from './dnsmasq/tell-changes.ts';

/** What a network's dnsmasq reads beside libvirt's own files. */
export interface HostFiles {
  reservations: Reservation[];
  names: HostNames[];
}

/** The two directories that the network's `dnsmasq:options` name as dhcp-hostsdir and hostsdir. */
export interface HostDirs {
  dhcp: string;
  dns: string;
}

/**
 * libvirt's dnsmasq: the files it writes (leases) and the directories it reads. Errors are ReasonedErrors: NoSpace,
 * PermissionDenied, ReadOnlyFileSystem, IoError, InvalidValue.
 */
export interface Dnsmasq {
  /** Leases on a bridge, expired ones too; none when there is no whole status file. */
  leases(bridge: string): Promise<readonly Lease[]>;
  /** The same, to look up; parsed once for each change of the file. */
  leaseTable(bridge: string): Promise<LeaseTable>;
  hostDirs(network: string): HostDirs;
  /** Nothing when a file or directory is missing; lines of other forms are left out. */
  readHostFiles(network: string): Promise<HostFiles>;
  /** Makes the directories and replaces each file whole, where its content differs. True when one was written. */
  writeHostFiles(network: string, files: HostFiles): Promise<boolean>;
  /** Whether one of the directories exists. */
  hasHostFiles(network: string): Promise<boolean>;
  /** Removes the directories; missing ones are success. */
  removeHostFiles(network: string): Promise<void>;
  /** How the network's dnsmasq is; it reads this machine's /etc/hosts too. */
  observe(network: string): Promise<DnsmasqState>;
  /** SIGHUP to the network's dnsmasq: it reads its files again and forgets what they no longer say. False when none runs. */
  reload(network: string): Promise<boolean>;
  /** Gives a lease back in its client's name; whether it is gone then only `leases` tells. */
  release(release: Release): Promise<void>;
  /**
   * Tells whose leases changed, of which network somebody else than `writeHostFiles` changed a file, and whose dnsmasq
   * ended: look again. Changes may be missed.
   */
  watch(onChange: (change: LabChange) => void): { dispose(): Promise<void> };
}

export interface DnsmasqState {
  readonly running: boolean;
  /** A file of ours or /etc/hosts changed since its start and since the last SIGHUP that is known of. */
  readonly unread: boolean;
}

export interface DnsmasqOptions {
  /** Default /var/lib/libvirt/dnsmasq. */
  stateDir?: string;
  /** Default /run/libvirt/network. */
  pidDir?: string;
  /** Default /proc. */
  procDir?: string;
  /** Default /etc/hosts. */
  hostsFile?: string;
  /** Several changes within this time are told once (ms); default 100. */
  debounceMs?: number;
  /** How often to look for what no watch tells: directories made or replaced, a dnsmasq that ended (ms); default 10000. */
  recheckMs?: number;
  /** Waits before a half-written status file is read again. */
  delay?: (ms: number) => Promise<unknown>;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/** Nothing is read, written or watched before a method is called. */
export function createDnsmasq(options: DnsmasqOptions = {}): Dnsmasq {
  const {
    stateDir = '/var/lib/libvirt/dnsmasq',
    pidDir = '/run/libvirt/network',
    procDir = '/proc',
    hostsFile = '/etc/hosts',
  } = options;
  const { debounceMs = 100, recheckMs = 10_000, delay = sleep, now = Date.now } = options;
  const leaseTable = createLeaseReader({ dir: stateDir, delay });
  const written: Written = new Map();

  function hostDirs(network: string): HostDirs {
    return {
      dhcp: join(stateDir, `k8slab-${checkName(network)}-dhcp`),
      dns: join(stateDir, `k8slab-${network}-dns`),
    };
  }
  const pidFile = (network: string): string => join(pidDir, `${checkName(network)}.pid`);
  return {
    leases: async (bridge) => (await leaseTable(checkName(bridge))).all,
    leaseTable: (bridge) => leaseTable(checkName(bridge)),
    hostDirs,
    readHostFiles: (network) => readHostFiles(hostDirs(network)),
    writeHostFiles: (network, files) => writeHostFiles(hostDirs(network), files, written),
    async hasHostFiles(network) {
      const dirs = hostDirs(network);
      return (await exists(dirs.dhcp)) || (await exists(dirs.dns));
    },
    async removeHostFiles(network) {
      const dirs = hostDirs(network);
      await removeDir(dirs.dhcp);
      await removeDir(dirs.dns);
      for (const dir of [dirs.dhcp, dirs.dns]) written.delete(join(dir, HOSTS));
    },
    async observe(network) {
      const dirs = hostDirs(network);
      if ((await pidOf(pidFile(network), procDir)) === undefined) return { running: false, unread: false };
      // dnsmasq writes its pid before it reads anything.
      const read = Math.max(
        ...(await Promise.all([pidFile(network), stampIn(dirs)].map(changeOf))).map((at = 0) => at),
      );
      const files = [join(dirs.dhcp, HOSTS), join(dirs.dns, HOSTS), hostsFile];
      const changed = await Promise.all(files.map(changeOf));
      return { running: true, unread: changed.some((time = 0) => time > read) };
    },
    async reload(network) {
      // Held against the times of files, which the system sets. What changes from here on may be read or not.
      const asked = new Date();
      if (!(await hangUp(pidFile(network), procDir))) return false;
      await leaveStamp(stampIn(hostDirs(network)), asked);
      return true;
    },
    release: sendRelease,
    watch(onChange) {
      const changes = tellChanges({
        dir: stateDir,
        debounceMs,
        recheckMs,
        leaseTable,
        written,
        now,
        onChange,
      });
      const processes = watchProcesses({ pidDir, procDir }, recheckMs, (network) =>
        onChange({ kind: 'ended', network }),
      );
      return {
        async dispose() {
          processes.dispose();
          await changes.dispose();
        },
      };
    },
  };
}

async function readHostFiles(dirs: HostDirs): Promise<HostFiles> {
  return {
    reservations: parseReservations((await readIfExists(join(dirs.dhcp, HOSTS))) ?? ''),
    names: parseNames((await readIfExists(join(dirs.dns, HOSTS))) ?? ''),
  };
}

/** dnsmasq reads every file in these directories but hidden ones, which is what writeAtomic's temporary files are. */
async function writeHostFiles(dirs: HostDirs, wanted: HostFiles, written: Written): Promise<boolean> {
  const files = [
    { path: join(dirs.dhcp, HOSTS), text: renderReservations(wanted.reservations) },
    { path: join(dirs.dns, HOSTS), text: renderNames(wanted.names) },
  ];
  for (const { path } of files) written.set(path, 'now');
  try {
    await ensureDir(dirs.dhcp);
    await ensureDir(dirs.dns);
    const changed: boolean[] = [];
    for (const { path, text } of files) changed.push(await writeAtomic(path, text, { mode: 0o644 }));
    return changed.includes(true);
  } finally {
    for (const { path, text } of files) written.set(path, { text });
  }
}

async function removeDir(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    throw await ioError('remove directory', path, error);
  }
}

/** When the content of a file last changed, in milliseconds since the epoch. */
async function changeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.mtimeMs;
}

/** Hidden, so that dnsmasq does not read it. */
function stampIn({ dhcp }: HostDirs): string {
  return join(dhcp, '.read');
}

/** Without directories of ours there is nothing that a SIGHUP could make it forget but /etc/hosts. */
async function leaveStamp(path: string, time: Date): Promise<void> {
  try {
    await writeFile(path, '');
    await utimes(path, time, time);
  } catch (error) {
    if (!isMissing(error)) throw await ioError('write', path, error);
  }
}

async function hangUp(pidFile: string, procDir: string): Promise<boolean> {
  const pid = await pidOf(pidFile, procDir);
  if (pid === undefined) return false;
  try {
    return process.kill(pid, 'SIGHUP');
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return false;
    throw await ioError('reload dnsmasq by', pidFile, error);
  }
}

/** Names become parts of paths. */
function checkName(name: string): string {
  if (name !== '' && !name.includes('/') && !name.startsWith('.')) return name;
  throw new ReasonedError('InvalidValue', `cannot use name "${name}": it is no name of a network or bridge`);
}
