import { createLeaseTable } from '../../src/drivers/dnsmasq/leases.ts';
import assert from 'node:assert/strict';
import { ReasonedError } from '../../src/api/errors.ts';
import type { ObservedHaproxy } from '../../src/api/load-balancer/plan.ts';
import type { HaproxyStats } from '../../src/api/load-balancer/haproxy-stats.ts';
import type { HostFileOptions, HostFilesPort } from '../../src/controllers/vmhost/reconciler.ts';
import type { Attachment, Bridges } from '../../src/drivers/bridges.ts';
import type { DiskState } from '../../src/drivers/disks.ts';
import type { Dnsmasq, HostFiles, Lease } from '../../src/drivers/dnsmasq.ts';
import type { FetchOptions, ImageRequest, ImageStore, StoredImage } from '../../src/drivers/images.ts';
import type { DomainJob, Libvirt } from '../../src/drivers/libvirt.ts';
import type { DnsProbe } from '../../src/drivers/resolver.ts';
import type { Seeds } from '../../src/drivers/seeds.ts';
import type { Ssh, SshResult, SshTarget } from '../../src/drivers/ssh.ts';
import { fixture } from '../api/libvirt/fixtures.ts';
import { createDnsmasqs, type FakeDnsmasqs } from '../libvirt/dnsmasq.ts';
import { createDouble, createRaw, type RawLibvirt } from '../libvirt/driver.ts';
import { createState, type LibvirtState } from '../libvirt/state.ts';
import { createOverlayState, newPort, type FakeOverlays } from './overlay-fakes.ts';

export interface FakeHaproxy {
  observed: ObservedHaproxy;
  stats?: HaproxyStats;
  text: string;
}

/** A vmhost in memory: small stand-ins for the drivers, which share one world and note what changes it. */
export interface World extends LibvirtState {
  readonly dnsmasqs: FakeDnsmasqs;
  /** Ports of each parking bridge. */
  readonly parked: Map<string, string[]>;
  readonly overlays: FakeOverlays;
  readonly hostFiles: Map<string, HostFiles>;
  readonly leases: Lease[];
  /** Addresses on which some machine answers. */
  readonly answering: Set<string>;
  /** What disks stand on, by path; one that is not there stands on itself alone. */
  readonly chains: Map<string, readonly string[] | Error>;
  /** Disk files of users that were looked into or copied, each with the format it was taken for. */
  readonly looked: string[];
  /** Stands in for a fetch of an image. */
  fetching?: ((options: FetchOptions) => Promise<never>) | undefined;
  /** Nodes with a host key file. */
  readonly hostKeys: Set<string>;
  readonly disks: Map<
    string,
    Omit<DiskState, 'path' | 'info'> & { readonly size?: number; readonly lacks?: string }
  >;
  /** Nodes of which a broken copy of a disk lies there. */
  readonly leftovers: Set<string>;
  readonly stored: Map<string, StoredImage>;
  readonly files: Map<string, string>;
  /** What a guest answers; undefined: nothing answers there. */
  readonly guests: Map<string, SshResult | Error>;
  /** The host keys that guests show, by address; one that is not here shows what is expected. */
  readonly shown: Map<string, string>;
  /** HAProxy in guests, by their address; a guest without has an entry that says so. */
  readonly haproxies: Map<string, FakeHaproxy>;
  /** Objects on which drift was repaired. */
  readonly drifts: string[];
  /** Calls that change the world, in their order. */
  readonly calls: string[];
  /** How often libvirt was called, by call: those that only read, too. */
  readonly counts: Map<string, number>;
  /** What domains answer when they are asked for their jobs, one after the other; the last one stays. */
  readonly jobs: Map<string, DomainJob[]>;
  /** Of libvirt; left out: 9.0.0. */
  libvirtVersion?: string;
  /** Makes single calls of libvirt fail. */
  refuse?: (call: string, subject: string) => Error | undefined;
  /** Calls that fail, by name. */
  readonly broken: Map<string, Error>;
}

export function createWorld(): World {
  const libvirt = createState();
  const hostFiles = new Map<string, HostFiles>();
  const files = new Map<string, string>();
  const dnsmasqs = createDnsmasqs({ libvirt, hostFiles, etcHosts: () => files.get('/etc/hosts') ?? '' });
  libvirt.onDnsmasq = (network, what) => dnsmasqs.told(network, what);
  return Object.assign(libvirt, {
    dnsmasqs,
    parked: new Map(),
    overlays: createOverlayState(),
    hostFiles,
    leases: [],
    answering: new Set<string>(),
    chains: new Map(),
    looked: [] as string[],
    hostKeys: new Set<string>(),
    disks: new Map(),
    leftovers: new Set<string>(),
    stored: new Map(),
    files,
    guests: new Map(),
    shown: new Map(),
    haproxies: new Map(),
    drifts: [],
    calls: [],
    counts: new Map(),
    jobs: new Map(),
    broken: new Map(),
  });
}

/** Notes the call; throws if it is to fail. */
export function changes(world: World, call: string, subject: string): void {
  world.calls.push(`${call} ${subject}`);
  fails(world, call);
}

export function fails(world: World, call: string): void {
  const error = world.broken.get(call);
  if (error !== undefined) throw error;
}

/** Wraps synchronous parts as drivers' calls are: never throwing at once. */
export function later<A extends readonly unknown[], R>(call: (...args: A) => R): (...args: A) => Promise<R> {
  return (...args) => Promise.resolve().then(() => call(...args));
}

export function fakeLibvirt(world: World): Libvirt {
  const libvirt = createDouble(world, {
    capabilities: () => fixture('capabilities'),
    hasFile: (path) => hasFile(world, path),
    onCall(call, subject, mutates) {
      if (mutates) world.calls.push(`${call} ${subject}`);
      world.counts.set(call, (world.counts.get(call) ?? 0) + 1);
      fails(world, call);
      const refused = world.refuse?.(call, subject);
      if (refused !== undefined) throw refused;
    },
    job: (name) => nextJob(world.jobs.get(name)),
    growDisk: (name, size) => void world.disks.set(name, { exists: true, ours: true, whole: true, size }),
  });
  return {
    ...libvirt,
    version: () =>
      world.libvirtVersion === undefined ? libvirt.version() : Promise.resolve(world.libvirtVersion),
    updateNetwork(update) {
      assert.equal(update.config, false, 'E02: the definition changes by net-define alone');
      return libvirt.updateNetwork(update);
    },
  };
}

function nextJob(jobs: DomainJob[] = []): DomainJob {
  const [next = { state: 'none' }] = jobs;
  if (jobs.length > 1) jobs.shift();
  return next;
}

/** libvirt itself, as another admin uses it. */
export function rawLibvirt(world: World): RawLibvirt {
  return createRaw(world, { hasFile: (path) => hasFile(world, path) });
}

function hasFile(world: World, path: string): boolean {
  const node = /^\/disks\/(.*)\.qcow2$/.exec(path)?.[1];
  return node === undefined ? world.files.has(path) : world.disks.get(node)?.exists === true;
}

export function must<T>(found: T | undefined, name: string): T {
  if (found !== undefined) return found;
  throw new ReasonedError('NotFound', `cannot find "${name}"`);
}

export function fakeBridges(world: World): Bridges {
  const mtus = new Map<string, number>();
  const parkedOn = (parking: string): string[] | undefined => world.parked.get(parking);
  return {
    exists: later((name: string) => world.links.has(name)),
    ports: later((bridge: string) =>
      [...world.taps].filter(([, master]) => master === bridge).map(([tap]) => tap),
    ),
    masterOf: later((tap: string) => world.taps.get(tap)),
    mtuOf: later((tap: string) => mtus.get(tap)),
    setMtu: later((mtu: number, ports: readonly string[]) => {
      changes(world, 'setMtu', ports.join(','));
      for (const port of ports) mtus.set(port, mtu);
    }),
    filtersFrames: later(() => false),
    neighbours: later(() => []),
    parked: later(parkedOn),
    park: later((parking: string, ports: readonly string[]) => {
      changes(world, 'park', ports.join(','));
      world.parked.set(parking, [...ports]);
    }),
    attach: later(({ bridge, ports, parking }: Attachment) => {
      changes(world, 'attach', ports.join(','));
      for (const port of ports) {
        if (world.taps.get(port) !== bridge) newPort(world.overlays, port);
        world.taps.set(port, bridge);
      }
      world.parked.delete(parking);
    }),
  };
}

/** Counted: who asks for one lease shall not walk them all. */
function allLeases(world: World): Lease[] {
  world.counts.set('leases', (world.counts.get('leases') ?? 0) + 1);
  return world.leases;
}

export function fakeDnsmasq(world: World): Dnsmasq {
  const none: HostFiles = { reservations: [], names: [] };
  const fake: Partial<Dnsmasq> = {
    leases: later(() => allLeases(world)),
    leaseTable: later(() => {
      const { ofMac, ofIp } = createLeaseTable(world.leases);
      return {
        ofMac,
        ofIp,
        get all() {
          return allLeases(world);
        },
      };
    }),
    observe: later((name: string) => ({
      running: world.dnsmasqs.runs(name),
      unread: world.dnsmasqs.unread(name),
    })),
    hostDirs: (name) => ({ dhcp: `/dnsmasq/${name}-dhcp`, dns: `/dnsmasq/${name}-dns` }),
    readHostFiles: later((name: string) => world.hostFiles.get(name) ?? none),
    writeHostFiles: later((name: string, files: HostFiles) => {
      changes(world, 'writeHostFiles', name);
      world.hostFiles.set(name, files);
      world.dnsmasqs.changed(name);
      return true;
    }),
    hasHostFiles: later((name: string) => world.hostFiles.has(name)),
    removeHostFiles: later((name: string) => {
      changes(world, 'removeHostFiles', name);
      world.hostFiles.delete(name);
    }),
    release: later(({ ip, mac }: { ip: string; mac: string }) => {
      changes(world, 'release', `${mac} ${ip}`);
      const at = world.leases.findIndex((lease) => lease.ip === ip && lease.mac === mac);
      if (at !== -1) world.leases.splice(at, 1);
    }),
    reload: later((name: string) => {
      changes(world, 'reload', name);
      return world.dnsmasqs.reload(name);
    }),
  };
  return fake as Dnsmasq;
}

export function fakeSeeds(world: World): Seeds {
  const path = (node: string, hash: string): string => `/seeds/${node}-${hash.slice(0, 12)}.iso`;
  const seedsOf = (node: string): string[] =>
    [...world.files.keys()].filter((file) => file.startsWith(`/seeds/${node}-`));
  const fake: Partial<Seeds> = {
    path,
    has: later((node: string) => seedsOf(node).length > 0),
    remove: later((node: string) => {
      changes(world, 'removeSeed', node);
      for (const file of seedsOf(node)) world.files.delete(file);
    }),
    exists: later((node: string, hash: string) => world.files.has(path(node, hash))),
    write: later((node: string, hash: string, { userData }: { userData: string }) => {
      changes(world, 'writeSeed', node);
      world.files.set(path(node, hash), userData);
      return path(node, hash);
    }),
  };
  return fake as Seeds;
}

/** Fetches at once, unless `world.broken` has a "fetch". */
export function fakeImages(world: World): ImageStore {
  return {
    find: later((name: string) => world.stored.get(name)),
    leftovers: later((name: string) => {
      const stored = world.stored.get(name);
      return { files: stored === undefined ? [] : [stored.path], known: stored !== undefined };
    }),
    remove: later((name: string) => {
      changes(world, 'removeImage', name);
      world.stored.delete(name);
    }),
    async fetch(request: ImageRequest, options: FetchOptions = {}) {
      await Promise.resolve();
      changes(world, 'fetch', request.name);
      if (world.fetching !== undefined) return world.fetching(options);
      const { name, source, checksum } = request;
      const kept = { name, source, path: `/images/${name}.qcow2`, sha256: 'aa', format: 'qcow2' as const };
      const image = { ...kept, virtualSize: 1, size: 1, sourceIdentity: '' };
      world.stored.set(name, checksum === undefined ? image : { ...image, checksum });
      return must(world.stored.get(name), name);
    },
  };
}

export function fakeFiles(world: World): HostFilesPort {
  return {
    readIfExists: later((path: string) => world.files.get(path)),
    writeAtomic: later((path: string, content: string, { mode, expected }: HostFileOptions) => {
      if (world.files.get(path) !== expected.content)
        throw new ReasonedError('ChangedMeanwhile', `cannot write file "${path}": somebody changed it`);
      changes(world, 'writeFile', mode === undefined ? path : `${path} ${mode.toString(8)}`);
      fails(world, `writeFile ${path}`);
      world.files.set(path, content);
      return true;
    }),
    ensureDir: later(() => undefined),
  };
}

/** Answers what the running dnsmasq at that address would. */
export function fakeResolver(world: World): DnsProbe {
  const { networks, dnsmasqs } = world;
  const at = (server: string): string[] => {
    const quoted = [`address="${server}"`, `address='${server}'`];
    return [...networks].flatMap(([name, { live = '' }]) =>
      quoted.some((each) => live.includes(each)) ? [name] : [],
    );
  };
  return {
    addresses: later((server: string, name: string) => {
      fails(world, 'dns');
      return at(server).flatMap((network) => dnsmasqs.addresses(network, name));
    }),
    names: later((server: string, address: string) =>
      at(server).flatMap((network) => dnsmasqs.nameOf(network, address) ?? []),
    ),
  };
}

export function fakeSsh(world: World): Ssh {
  return {
    answers: later(({ address }: { address: string }) => {
      const answer = world.guests.get(address);
      return answer !== undefined && !(answer instanceof Error);
    }),
    exec: later(({ address, hostKeys }: SshTarget, argv: readonly string[]) => {
      const shown = world.shown.get(address);
      if (shown !== undefined && !hostKeys.includes(shown))
        throw new ReasonedError('HostKeyMismatch', `cannot trust "${address}": it shows ${shown}`);
      if (argv.includes('k8slab')) changes(world, 'renewLease', address);
      const answer =
        world.guests.get(address) ?? new ReasonedError('Unreachable', `cannot reach "${address}"`);
      if (answer instanceof Error) throw answer;
      return answer;
    }),
    dispose: () => Promise.resolve(),
  };
}
