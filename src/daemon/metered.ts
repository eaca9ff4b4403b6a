import { explainError, reasonOf } from '../api/errors.ts';
import type { Bridges } from '../drivers/bridges.ts';
import type { Disks } from '../drivers/disks.ts';
import type { Dnsmasq } from '../drivers/dnsmasq.ts';
import type { WriteOptions } from '../drivers/files.ts';
import type { Haproxy } from '../drivers/haproxy.ts';
import type { ImageStore } from '../drivers/images.ts';
import type { Overlays } from '../drivers/overlays.ts';
import type { Packages } from '../drivers/packages.ts';
import type { DnsProbe } from '../drivers/resolver.ts';
import type { Seeds } from '../drivers/seeds.ts';
import type { Ssh } from '../drivers/ssh.ts';
import type { Clock } from '../engine/clock.ts';
import type { Logger } from '../engine/logger.ts';
import type { Metrics } from '../engine/metrics.ts';

/** Where calls of drivers are counted and timed. */
export interface Meter {
  readonly metrics: Pick<Metrics, 'driverCall' | 'declareDriver' | 'setFetch'>;
  readonly clock: Pick<Clock, 'monotonic'>;
}

type Method = (...args: never[]) => Promise<unknown>;
/** Names of the methods that return promises. */
type Methods<T> = {
  [K in keyof T]: T[K] extends Method ? K : never;
}[keyof T] &
  string;

interface Measured<T> {
  readonly driver: string;
  readonly reading: readonly Methods<T>[];
  /** They change what the driver talks to. */
  readonly mutating: readonly Methods<T>[];
  /** Why they fail, as far as it is known beforehand. */
  readonly reasons?: readonly string[];
  /** Its calls wait for one of a few sessions. */
  readonly sessions?: boolean;
  /** Called after each call that changes something. */
  readonly onChange?: (change: DriverChange) => void;
}

/** A call that changed something, or failed to. */
export interface DriverChange {
  readonly op: string;
  readonly args: readonly unknown[];
  readonly seconds: number;
  readonly error?: unknown;
}

/** The driver, with these of its methods counted and timed by their names. */
export function metered<T extends object>({ metrics, clock }: Meter, target: T, measured: Measured<T>): T {
  const { driver, reading, mutating, reasons = [], sessions = false, onChange } = measured;
  const ops = { reading: reading.map(kebab), mutating: mutating.map(kebab) };
  metrics.declareDriver(driver, { ...ops, reasons, sessions });
  function wrap(name: Methods<T>, changes: boolean): readonly [string, Method] {
    const op = kebab(name);
    const call = target[name] as Method;
    async function timed(...args: never[]): Promise<unknown> {
      const since = clock.monotonic();
      function record(error?: unknown): void {
        const seconds = (clock.monotonic() - since) / 1000;
        const reason = error === undefined ? undefined : reasonOf(error);
        metrics.driverCall({ driver, op, seconds, reason, mutating: changes });
        if (changes) onChange?.({ op, args, seconds, ...(error === undefined ? {} : { error }) });
      }
      try {
        const result = await call(...args);
        record();
        return result;
      } catch (error) {
        record(error);
        throw error;
      }
    }
    return [name, timed];
  }
  const wrapped = [...reading.map((name) => wrap(name, false)), ...mutating.map((name) => wrap(name, true))];
  return { ...target, ...Object.fromEntries(wrapped) };
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Files, as far as nothing else says what went wrong with them. */
const FILES = ['NoSpace', 'PermissionDenied', 'ReadOnlyFileSystem', 'IoError'];
const SSH = [
  'HostKeyMismatch',
  'AuthenticationFailed',
  'Unreachable',
  'DeadlineExceeded',
  'OutputTooLarge',
  'Aborted',
  'InvalidKey',
];

/** What is done in guests is what a user wants to find in the journal. */
export function meteredHaproxy(haproxy: Haproxy, meter: Meter, log: Logger): Haproxy {
  const driver = 'haproxy';
  return metered(meter, haproxy, {
    driver,
    reading: ['look'],
    mutating: ['apply', 'enable', 'startOrReload', 'labelPorts'],
    reasons: SSH,
    onChange({ op, args, seconds, error }) {
      const { address: guest } = args[0] as { readonly address: string };
      if (error === undefined) log.info({ driver, op, guest, seconds }, 'guest changed');
      else {
        const [reason, why] = [reasonOf(error), explainError(error)];
        log.warn({ driver, op, guest, seconds, reason, why }, 'changing a guest failed');
      }
    },
  });
}

/** What is run there is for those to count who know what it changes. */
export function meteredSsh(ssh: Ssh, meter: Meter): Ssh {
  const ops = { reading: ['exec', 'answers'], reasons: SSH, sessions: true } as const;
  return metered(meter, ssh, { driver: 'ssh', ...ops, mutating: [] });
}

export function meteredPackages(packages: Packages, meter: Meter): Packages {
  const reasons = ['NoPackageManager', 'InstallFailed', 'UpdateFailed', ...SSH];
  return metered(meter, packages, {
    driver: 'packages',
    reading: [],
    mutating: ['install', 'update'],
    reasons,
  });
}

export function meteredResolver(resolver: DnsProbe, meter: Meter): DnsProbe {
  const reasons = ['DnsUnreachable'];
  return metered(meter, resolver, { driver: 'dns', reading: ['addresses', 'names'], mutating: [], reasons });
}

export function meteredDnsmasq(dnsmasq: Dnsmasq, meter: Meter): Dnsmasq {
  return metered(meter, dnsmasq, {
    driver: 'dnsmasq',
    reading: ['leases', 'leaseTable', 'readHostFiles', 'hasHostFiles', 'observe'],
    mutating: ['writeHostFiles', 'removeHostFiles', 'reload', 'release'],
    reasons: [...FILES, 'InvalidValue'],
  });
}

export function meteredBridges(bridges: Bridges, meter: Meter): Bridges {
  return metered(meter, bridges, {
    driver: 'bridges',
    reading: ['ports', 'masterOf', 'exists', 'mtuOf', 'neighbours', 'parked', 'filtersFrames'],
    mutating: ['setMtu', 'park', 'attach'],
    reasons: ['AttachFailed', 'IoError', 'CommandFailed', 'CommandNotFound', 'DeadlineExceeded'],
  });
}

export function meteredOverlays(overlays: Overlays, meter: Meter): Overlays {
  return metered(meter, overlays, {
    driver: 'overlays',
    reading: ['read', 'underlay'],
    mutating: ['set', 'filter', 'plug', 'update', 'remove'],
    reasons: ['OverlayFailed', 'IoError', 'CommandFailed', 'CommandNotFound', 'DeadlineExceeded'],
  });
}

export function meteredDisks(disks: Disks, meter: Meter): Disks {
  return metered(meter, disks, {
    driver: 'disks',
    reading: ['observe', 'info', 'chain', 'list', 'leftovers', 'hasTemp'],
    mutating: ['createOverlay', 'createCopy', 'adoptCopy', 'grow', 'discardTemp', 'noteFirstBoot', 'remove'],
    reasons: [...FILES, 'DiskMissing', 'DiskDamaged', 'DiskInUse', 'DiskNotOurs', 'DiskTooSmall', 'Aborted'],
  });
}

export function meteredSeeds(seeds: Seeds, meter: Meter): Seeds {
  return metered(meter, seeds, {
    driver: 'seeds',
    reading: ['exists', 'has'],
    mutating: ['write', 'remove'],
    reasons: [...FILES, 'CommandNotFound', 'CommandFailed'],
  });
}

/** The store of images, which tells how far a fetch is too. */
export function meteredImages(images: ImageStore, meter: Meter): ImageStore {
  const store = metered(meter, images, {
    driver: 'images',
    reading: ['find', 'leftovers'],
    mutating: ['fetch', 'remove'],
    reasons: [...FILES, 'SourceNotFound', 'SourceUnreachable', 'ChecksumMismatch', 'NotAnImage', 'Aborted'],
  });
  return {
    ...store,
    async fetch(request, options = {}) {
      const { metrics } = meter;
      try {
        return await store.fetch(request, {
          ...options,
          onProgress(progress) {
            metrics.setFetch(request.name, progress);
            options.onProgress?.(progress);
          },
        });
      } finally {
        metrics.setFetch(request.name, undefined);
      }
    },
  };
}

export interface Files {
  readIfExists(path: string): Promise<string | undefined>;
  writeAtomic(path: string, content: string, options?: WriteOptions): Promise<boolean>;
  ensureDir(path: string): Promise<void>;
}

/** Files of the vmhost that name guests. */
export function meteredFiles(files: Files, meter: Meter): Files {
  return metered(meter, files, {
    driver: 'files',
    reading: ['readIfExists', 'ensureDir'],
    mutating: ['writeAtomic'],
    reasons: FILES,
  });
}
