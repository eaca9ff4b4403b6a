import { basename } from 'node:path';
import { listIfExists, readIfExists } from '../files.ts';
import { changedMacs, createLeaseTable, type LeaseTable } from './leases.ts';
import { watchDnsmasq, type DnsmasqChange } from './watch.ts';

/** Leases of these MAC addresses came, went or moved; `ips` are those that they had or have. */
export interface LeaseChange {
  readonly kind: 'leases';
  readonly bridge: string;
  readonly macs: ReadonlySet<string>;
  readonly ips: ReadonlySet<string>;
}

/** What changed for whom. */
export type LabChange =
  | LeaseChange
  /** libvirt wrote what its network's dnsmasq shall do. */
  | { readonly kind: 'definition'; readonly network: string }
  /** Somebody else than `writeHostFiles` wrote what dnsmasq reads beside. */
  | { readonly kind: 'hostFiles'; readonly network: string }
  /** The dnsmasq of a network. */
  | { readonly kind: 'ended'; readonly network: string }
  /** Anything may have. */
  | { readonly kind: 'all' };

/** What we wrote last, by path, or that we are about to: finding it there is no news. */
export type Written = Map<string, { readonly text: string } | 'now'>;

export interface TellOptions {
  readonly dir: string;
  readonly debounceMs: number;
  readonly recheckMs: number;
  readonly leaseTable: (bridge: string) => Promise<LeaseTable>;
  readonly written: Written;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly onChange: (change: LabChange) => void;
}

const NONE = createLeaseTable([]);
const SUFFIX = '.status';

/** Compares what changed with what was there before, so that only those concerned are told. */
export function tellChanges(options: TellOptions): { dispose(): Promise<void> } {
  const { dir, debounceMs, recheckMs, leaseTable, written, now, onChange } = options;
  const tables = new Map<string, LeaseTable>();
  let disposed = false;
  /** One after the other: each is compared with the one before. */
  let work = readAll();
  const watch = watchDnsmasq({
    dir,
    debounceMs,
    recheckMs,
    onChange(change) {
      work = work.then(() => tell(change)).catch(() => told({ kind: 'all' }));
    },
  });

  function told(change: LabChange): void {
    if (!disposed) onChange(change);
  }
  async function readAll(): Promise<void> {
    const names = await listIfExists(dir).catch(() => []);
    for (const name of names.filter((each) => each.endsWith(SUFFIX))) {
      const bridge = basename(name, SUFFIX);
      tables.set(bridge, await leaseTable(bridge));
    }
  }
  async function tell(change: DnsmasqChange): Promise<void> {
    if (change.kind === 'leases') return tellLeases(change.bridge);
    if (change.kind === 'all') await readAll();
    if (change.kind !== 'hostFile') told(change);
    else if (!(await isOurs(change.path))) told({ kind: 'hostFiles', network: change.network });
  }
  async function isOurs(path: string): Promise<boolean> {
    const before = written.get(path);
    const text = await readIfExists(path);
    const now = written.get(path);
    // What is read while it is written is told of again once it is; a directory may be there before its file.
    return before === 'now' || now === 'now' || now?.text === text;
  }
  async function tellLeases(bridge: string): Promise<void> {
    const after = await leaseTable(bridge);
    const before = tables.get(bridge) ?? NONE;
    const macs = new Set(changedMacs(before, after, now() / 1000));
    tables.set(bridge, after);
    const leases = [...macs].flatMap((mac) => [...before.ofMac(mac), ...after.ofMac(mac)]);
    if (macs.size > 0) told({ kind: 'leases', bridge, macs, ips: new Set(leases.map(({ ip }) => ip)) });
  }

  return {
    async dispose() {
      disposed = true;
      watch.dispose();
      await work;
    },
  };
}
