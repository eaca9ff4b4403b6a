import { ReasonedError } from '../../src/api/errors.ts';
import { parseDomain } from '../../src/api/libvirt/domain.ts';
import { parseNetwork } from '../../src/api/libvirt/network.ts';
import { CONFIG_ACCESS, type ObservedHaproxy } from '../../src/api/plan/load-balancer.ts';
import type { HaproxyStats } from '../../src/api/status/haproxy-stats.ts';
import type { HostFilesPort } from '../../src/controllers/host.ts';
import type { Disks, DiskState } from '../../src/drivers/disks.ts';
import type { Dnsmasq, HostFiles, Lease } from '../../src/drivers/dnsmasq.ts';
import type { Haproxy } from '../../src/drivers/haproxy.ts';
import type { ImageStore, StoredImage } from '../../src/drivers/images.ts';
import type { DomainState, Libvirt, NetworkUpdate } from '../../src/drivers/libvirt.ts';
import type { Packages } from '../../src/drivers/packages.ts';
import type { DnsProbe } from '../../src/drivers/resolver.ts';
import type { Seeds } from '../../src/drivers/seeds.ts';
import type { Ssh, SshResult } from '../../src/drivers/ssh.ts';
import { updateLiveXml } from '../api/plan/network-bed.ts';
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
  readonly domains: Map<string, { xml: string; state: DomainState }>;
  readonly hostFiles: Map<string, HostFiles>;
  readonly leases: Lease[];
  readonly disks: Map<string, Pick<DiskState, 'exists' | 'ours' | 'whole'>>;
  readonly stored: Map<string, StoredImage>;
  readonly files: Map<string, string>;
  /** What a guest answers; undefined: nothing answers there. */
  readonly guests: Map<string, SshResult | Error>;
  /** HAProxy in guests, by their address; a guest without has an entry that says so. */
  readonly haproxies: Map<string, FakeHaproxy>;
  /** LoadBalancers on which drift was found. */
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
function changes(world: World, call: string, subject: string): void {
  world.calls.push(`${call} ${subject}`);
  fails(world, call);
}

function fails(world: World, call: string): void {
  const error = world.broken.get(call);
  if (error !== undefined) throw error;
}

/** Wraps synchronous parts as drivers' calls are: never throwing at once. */
function later<A extends readonly unknown[], R>(call: (...args: A) => R): (...args: A) => Promise<R> {
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
    setNetworkAutostart: later((name: string, on: boolean) => {
      changes(world, 'setNetworkAutostart', name);
      network(name).autostart = on;
    }),
    updateNetwork: later((update: NetworkUpdate) => {
      changes(world, 'updateNetwork', update.network);
      const { live } = network(update.network);
      if (update.live && live !== undefined) network(update.network).live = updateLiveXml(live, update);
    }),
    domains: later(() => {
      fails(world, 'domains');
      return [...domains].map(([name, { state }]) => ({ name, uuid: name, state }));
    }),
    domainXml: later((name: string) => domains.get(name)?.xml),
    defineDomain: later((xml: string) => {
      const { name } = parseDomain(xml).model;
      changes(world, 'defineDomain', name);
      domains.set(name, { xml, state: domains.get(name)?.state ?? 'shutoff' });
    }),
    startDomain: later((name: string) => {
      changes(world, 'startDomain', name);
      must(domains.get(name), name).state = 'running';
    }),
    shutdownDomain: later((name: string) => changes(world, 'shutdownDomain', name)),
    beginBackup: later((name: string) => changes(world, 'beginBackup', name)),
    domainJob: later(() => ({ state: 'none' as const })),
  };
  return fake as Libvirt;
}

function must<T>(found: T | undefined, name: string): T {
  if (found !== undefined) return found;
  throw new ReasonedError('NotFound', `cannot find "${name}"`);
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
      const state = world.disks.get(node) ?? { exists: false, ours: false, whole: false };
      return { path: `/disks/${node}.qcow2`, ...state };
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
  const fake: Partial<Seeds> = {
    path,
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
    exec: later(({ address }: { address: string }) => {
      const answer =
        world.guests.get(address) ?? new ReasonedError('Unreachable', `cannot reach "${address}"`);
      if (answer instanceof Error) throw answer;
      return answer;
    }),
    dispose: () => Promise.resolve(),
  };
}

export const NO_HAPROXY: ObservedHaproxy = {
  installed: false,
  pristine: false,
  active: false,
  enabled: false,
  ports: [],
  selinux: false,
};

/** A guest whose image has HAProxy, as a Debian package leaves it. */
export const FRESH_HAPROXY: ObservedHaproxy = {
  ...NO_HAPROXY,
  installed: true,
  version: '2.6.12',
  config: { sha256: 'package', access: 'root:root 644' },
  pristine: true,
};

/** A guest without an entry in `world.haproxies` does not answer. */
export function fakeHaproxy(world: World): Haproxy {
  const at = (address: string): FakeHaproxy => {
    const found = world.haproxies.get(address);
    if (found === undefined) throw new ReasonedError('Unreachable', `cannot reach guest "${address}"`);
    return found;
  };
  return {
    look: later(({ address }: { address: string }) => {
      fails(world, 'look');
      const { observed, stats } = at(address);
      return { haproxy: observed, ...(stats === undefined ? {} : { stats }) };
    }),
    apply: later(({ address }: { address: string }, { text, sha256, ports }) => {
      changes(world, 'apply', address);
      const guest = at(address);
      const config = { sha256, access: CONFIG_ACCESS };
      guest.observed = { ...guest.observed, config, written: sha256, active: true, ports: [22, ...ports] };
      guest.text = text;
    }),
    enable: later(({ address }: { address: string }) => {
      changes(world, 'enable', address);
      at(address).observed = { ...at(address).observed, enabled: true };
    }),
    startOrReload: later(({ address }: { address: string }, ports: readonly number[]) => {
      changes(world, 'startOrReload', address);
      at(address).observed = { ...at(address).observed, active: true, ports };
    }),
    labelPorts: later(({ address }: { address: string }) => changes(world, 'labelPorts', address)),
  };
}

export function fakePackages(world: World): Packages {
  return {
    install: later(({ address }: { address: string }, name: string) => {
      changes(world, 'install', `${name} ${address}`);
      world.haproxies.set(address, { observed: FRESH_HAPROXY, text: '' });
    }),
    update: later(({ address }: { address: string }) => {
      changes(world, 'update', address);
      return { rebootRequired: false };
    }),
  };
}

export function fakeSecret(world: World, path: string): Promise<string> {
  const found = world.files.get(path);
  if (found !== undefined) return Promise.resolve(found);
  return Promise.reject(new ReasonedError('SecretNotFound', `cannot read secret "${path}"`));
}
