import assert from 'node:assert/strict';
import { ReasonedError } from '../../src/api/errors.ts';
import { parseDomain } from '../../src/api/libvirt/domain.ts';
import { parseNetwork } from '../../src/api/libvirt/network.ts';
import type { ObservedHaproxy } from '../../src/api/load-balancer/plan.ts';
import type { HaproxyStats } from '../../src/api/load-balancer/haproxy-stats.ts';
import type { HostFilesPort } from '../../src/controllers/host/reconciler.ts';
import type { Bridges } from '../../src/drivers/bridges.ts';
import type { Disks, DiskState } from '../../src/drivers/disks.ts';
import type { Dnsmasq, HostFiles, Lease } from '../../src/drivers/dnsmasq.ts';
import type { ImageStore, StoredImage } from '../../src/drivers/images.ts';
import type { DomainState, Libvirt, NetworkUpdate } from '../../src/drivers/libvirt.ts';
import type { DnsProbe } from '../../src/drivers/resolver.ts';
import type { Seeds } from '../../src/drivers/seeds.ts';
import type { Ssh, SshResult } from '../../src/drivers/ssh.ts';
import { updateLiveXml } from '../api/network/bed.ts';
import { fixture } from '../api/libvirt/fixtures.ts';

export interface FakeNetwork {
  config: string;
  live?: string;
  autostart: boolean;
}

export interface FakeHaproxy {
  observed: ObservedHaproxy;
  stats?: HaproxyStats;
  text: string;
}

/** A vmhost in memory: small stand-ins for the drivers, which share one world and note what changes it. */
export interface World {
  readonly networks: Map<string, FakeNetwork>;
  /** `live`: what it was started with, where that is not `xml`. */
  readonly domains: Map<string, { xml: string; state: DomainState; live?: string; transient?: true }>;
  readonly hostFiles: Map<string, HostFiles>;
  readonly leases: Lease[];
  /** Domains whose memory is saved. */
  readonly saved: Set<string>;
  /** What disks stand on, by path; one that is not there stands on itself alone. */
  readonly chains: Map<string, readonly string[] | Error>;
  /** Nodes with a host key file. */
  readonly hostKeys: Set<string>;
  /** The bridge of each tap. */
  readonly taps: Map<string, string>;
  readonly disks: Map<string, Pick<DiskState, 'exists' | 'ours' | 'whole'> & { readonly size?: number }>;
  readonly stored: Map<string, StoredImage>;
  readonly files: Map<string, string>;
  /** What a guest answers; undefined: nothing answers there. */
  readonly guests: Map<string, SshResult | Error>;
  /** HAProxy in guests, by their address; a guest without has an entry that says so. */
  readonly haproxies: Map<string, FakeHaproxy>;
  /** Objects on which drift was repaired. */
  readonly drifts: string[];
  /** Calls that change the world, in their order. */
  readonly calls: string[];
  /** Calls that fail, by name. */
  readonly broken: Map<string, Error>;
}

export function createWorld(): World {
  return {
    networks: new Map(),
    domains: new Map(),
    hostFiles: new Map(),
    leases: [],
    saved: new Set(),
    chains: new Map(),
    hostKeys: new Set(),
    taps: new Map(),
    disks: new Map(),
    stored: new Map(),
    files: new Map(),
    guests: new Map(),
    haproxies: new Map(),
    drifts: [],
    calls: [],
    broken: new Map(),
  };
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
  const { networks, domains } = world;
  const network = (name: string): FakeNetwork => must(networks.get(name), name);
  const fake: Partial<Libvirt> = {
    version: later(() => '9.0.0'),
    capabilities: later(() => {
      fails(world, 'capabilities');
      return fixture('capabilities');
    }),
    networks: later(() => {
      fails(world, 'networks');
      return [...networks].map(([name, { live, autostart }]) => {
        return { name, uuid: name, active: live !== undefined, autostart, persistent: true };
      });
    }),
    networkXml: later((name: string, { inactive }: { inactive: boolean }) => {
      const found = networks.get(name);
      return inactive ? found?.config : (found?.live ?? found?.config);
    }),
    defineNetwork: later((xml: string) => {
      const { name } = parseNetwork(xml).model;
      changes(world, 'defineNetwork', name);
      networks.set(name, { autostart: false, ...networks.get(name), config: xml });
    }),
    startNetwork: later((name: string) => {
      changes(world, 'startNetwork', name);
      network(name).live = network(name).config;
    }),
    destroyNetwork: later((name: string) => {
      changes(world, 'destroyNetwork', name);
      delete network(name).live;
    }),
    undefineNetwork: later((name: string) => {
      changes(world, 'undefineNetwork', name);
      networks.delete(name);
    }),
    rebootDomain: later((name: string) => changes(world, 'rebootDomain', name)),
    setNetworkAutostart: later((name: string, on: boolean) => {
      changes(world, 'setNetworkAutostart', name);
      network(name).autostart = on;
    }),
    updateNetwork: later((update: NetworkUpdate) => {
      changes(world, 'updateNetwork', update.network);
      assert.equal(update.config, false, 'E02: the definition changes by net-define alone');
      const { live } = network(update.network);
      if (update.live && live !== undefined) network(update.network).live = updateLiveXml(live, update);
    }),
    domains: later(() => {
      fails(world, 'domains');
      return [...domains].map(([name, { state, transient }]) => {
        return { name, uuid: name, state, ...(transient === undefined ? {} : { transient }) };
      });
    }),
    domainListing: later((name: string) => {
      const { state, transient } = domains.get(name) ?? {};
      if (state === undefined) return undefined;
      return { name, uuid: name, state, ...(transient === undefined ? {} : { transient }) };
    }),
    domainXml: later((name: string, { inactive }: { inactive: boolean }) => {
      const found = domains.get(name);
      return inactive ? found?.xml : (found?.live ?? found?.xml);
    }),
    defineDomain: later((xml: string) => {
      const { name } = parseDomain(xml).model;
      changes(world, 'defineDomain', name);
      const { state = 'shutoff', xml: before = xml, live = before } = domains.get(name) ?? {};
      domains.set(name, { xml, state, ...(state === 'running' ? { live } : {}) });
    }),
    startDomain: later((name: string) => {
      changes(world, 'startDomain', name);
      world.saved.delete(name);
      const { xml } = must(domains.get(name), name);
      domains.set(name, { xml, state: 'running' });
    }),
    shutdownDomain: later((name: string) => changes(world, 'shutdownDomain', name)),
    destroyDomain: later((name: string) => {
      changes(world, 'destroyDomain', name);
      const { xml } = must(domains.get(name), name);
      domains.set(name, { xml, state: 'shutoff' });
    }),
    undefineDomain: later((name: string) => {
      changes(world, 'undefineDomain', name);
      domains.delete(name);
    }),
    hasManagedSave: later((name: string) => world.saved.has(name)),
    growDisk: later((name: string, _target: string, size: number) => {
      changes(world, 'growDisk', name);
      world.disks.set(name, { exists: true, ours: true, whole: true, size });
    }),
    setLink: later((name: string, mac: string, state: 'up' | 'down') => {
      changes(world, `setLink ${state}`, name);
      const domain = must(domains.get(name), name);
      domain.live = withLink(domain.live ?? domain.xml, mac, state);
    }),
    beginBackup: later((name: string) => changes(world, 'beginBackup', name)),
    domainJob: later(() => ({ state: 'none' as const })),
  };
  return fake as Libvirt;
}

function withLink(xml: string, mac: string, state: 'up' | 'down'): string {
  const without = xml.replace(/<link state=.(up|down).\/>/, '');
  return without.replace(`<mac address="${mac}"/>`, `<mac address="${mac}"/><link state="${state}"/>`);
}

function must<T>(found: T | undefined, name: string): T {
  if (found !== undefined) return found;
  throw new ReasonedError('NotFound', `cannot find "${name}"`);
}

export function fakeBridges(world: World): Bridges {
  const fake: Bridges = {
    exists: later(() => false),
    ports: later((bridge: string) =>
      [...world.taps].filter(([, master]) => master === bridge).map(([tap]) => tap),
    ),
    masterOf: later((tap: string) => world.taps.get(tap)),
    filtersFrames: later(() => false),
    parked: later(() => undefined),
    park: later((_parking: string, ports: readonly string[]) => {
      changes(world, 'park', ports.join(','));
    }),
    attach: later(({ bridge, ports }: { bridge: string; ports: readonly string[] }) => {
      changes(world, 'attach', ports.join(','));
      for (const port of ports) world.taps.set(port, bridge);
    }),
  };
  return fake;
}

export function fakeDnsmasq(world: World): Dnsmasq {
  const none: HostFiles = { reservations: [], names: [] };
  const fake: Partial<Dnsmasq> = {
    leases: later(() => world.leases),
    hostDirs: (name) => ({ dhcp: `/dnsmasq/${name}-dhcp`, dns: `/dnsmasq/${name}-dns` }),
    readHostFiles: later((name: string) => world.hostFiles.get(name) ?? none),
    writeHostFiles: later((name: string, files: HostFiles) => {
      changes(world, 'writeHostFiles', name);
      world.hostFiles.set(name, files);
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
      return true;
    }),
  };
  return fake as Dnsmasq;
}

export function fakeDisks(world: World): Disks {
  const info = { format: 'qcow2', virtualSize: 1, actualSize: 1 };
  const make = (call: string): ((request: { node: string }) => Promise<typeof info>) =>
    later(({ node }) => {
      changes(world, call, node);
      world.disks.set(node, { exists: true, ours: true, whole: true });
      return info;
    });
  const fake: Partial<Disks> = {
    path: (node) => `/disks/${node}.qcow2`,
    observe: later((node: string) => {
      fails(world, 'observeDisk');
      const { size, ...state } = world.disks.get(node) ?? { exists: false, ours: false, whole: false };
      const known = size === undefined ? {} : { info: { ...info, virtualSize: size } };
      return { path: `/disks/${node}.qcow2`, ...state, ...known };
    }),
    grow: later((node: string, size: number) => {
      changes(world, 'grow', node);
      world.disks.set(node, { exists: true, ours: true, whole: true, size });
    }),
    chain: later((path: string) => {
      const chain = world.chains.get(path) ?? [path];
      if (chain instanceof Error) throw chain;
      return chain;
    }),
    list: later(() => [...world.disks.keys()].map((node) => `/disks/${node}.qcow2`)),
    remove: later((node: string) => {
      changes(world, 'removeDisk', node);
      return world.disks.delete(node);
    }),
    createOverlay: make('createOverlay'),
    createCopy: make('createCopy'),
    freshTempPath: later((node: string) => `/disks/.tmp-${node}.qcow2`),
    adoptCopy: make('adoptCopy'),
    info: later((path: string) => {
      if (path.startsWith('/disks/') || world.files.has(path)) return info;
      throw new ReasonedError('DiskMissing', `cannot read disk "${path}": there is no such file`);
    }),
  };
  return fake as Disks;
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
    fetch: later((request: { name: string; source: string; checksum?: string | undefined }) => {
      changes(world, 'fetch', request.name);
      const { name, source, checksum } = request;
      const kept = { name, source, path: `/images/${name}.qcow2`, sha256: 'aa', format: 'qcow2' as const };
      const image = { ...kept, virtualSize: 1, size: 1, sourceIdentity: '' };
      world.stored.set(name, checksum === undefined ? image : { ...image, checksum });
      return must(world.stored.get(name), name);
    }),
  };
}

export function fakeFiles(world: World): HostFilesPort {
  return {
    readIfExists: later((path: string) => world.files.get(path)),
    writeAtomic: later((path: string, content: string, { mode }: { mode?: number }) => {
      changes(world, 'writeFile', mode === undefined ? path : `${path} ${mode.toString(8)}`);
      world.files.set(path, content);
      return true;
    }),
    ensureDir: later(() => undefined),
  };
}

/** Answers what the running dnsmasq of any network would. */
export function fakeResolver(world: World): DnsProbe {
  const hosts = (): { ip: string; hostnames: readonly string[] }[] => [
    ...[...world.networks.values()].flatMap(({ live }) =>
      live === undefined ? [] : parseNetwork(live).model.dns.hosts,
    ),
    ...[...world.hostFiles.values()].flatMap(({ names }) => names),
  ];
  return {
    addresses: later((_server: string, name: string) => {
      fails(world, 'dns');
      return hosts()
        .filter(({ hostnames }) => hostnames.includes(name))
        .map(({ ip }) => ip);
    }),
    names: later((_server: string, address: string) =>
      hosts()
        .filter(({ ip }) => ip === address)
        .flatMap(({ hostnames }) => hostnames),
    ),
  };
}

export function fakeSsh(world: World): Ssh {
  return {
    exec: later(({ address }: { address: string }, argv: readonly string[]) => {
      if (argv.includes('k8slab')) changes(world, 'renewLease', address);
      const answer =
        world.guests.get(address) ?? new ReasonedError('Unreachable', `cannot reach "${address}"`);
      if (answer instanceof Error) throw answer;
      return answer;
    }),
    dispose: () => Promise.resolve(),
  };
}
