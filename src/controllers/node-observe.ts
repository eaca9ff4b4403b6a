import { parseDomain } from '../api/libvirt/domain.ts';
import { explainError, ReasonedError } from '../api/errors.ts';
import { attachmentMac } from '../api/names.ts';
import {
  desireNode,
  nodeNetworks,
  nodeSource,
  type DesireNodeInput,
  type NodeDesire,
  type NodeNetworks,
} from '../api/plan/desire-node.ts';
import type { Dependency, ObservedAddress, ObservedNode } from '../api/plan/node-types.ts';
import { peersInTheWay } from '../api/plan/rollout.ts';
import { definitionHash } from '../api/render/domain-over.ts';
import { addressesIn } from '../api/render/host-files.ts';
import type { NodeProbes } from '../api/status/node.ts';
import type { DiskInfo } from '../drivers/disks.ts';
import type { DomainListing } from '../drivers/libvirt.ts';
import type { NodeDeps, NodeExtra } from './node-deps.ts';
import { aboutAddress, observeLeases, type LeasedAddress } from './node-addresses.ts';
import { seedHash } from './node-make.ts';
import { probeNode } from './node-probes.ts';
import type { ObjectOf } from './objects.ts';

/** What there is of the Node and of what it needs, and what it shall be. Changes nothing. */
export async function observeNode(
  deps: NodeDeps,
  object: ObjectOf<'Node'>,
  signal: AbortSignal,
): Promise<NodeExtra> {
  const { name, generation } = object.metadata;
  const found = findNetworks(deps, object);
  const networks = nodeNetworks(object, found);
  const listing = (await deps.domains.get()).find((domain) => domain.name === name);
  const domain = listing === undefined ? undefined : await observeDomain(deps, listing);
  const disk = await observeDisk(deps, object);
  const { domainType } = deps.store.list('Host')[0]?.status ?? {};
  const desire = desireNode(
    {
      node: object,
      networks: found,
      daemonKey: deps.daemonKey,
      stopSeconds: deps.stopSeconds,
      ...(domainType === undefined ? {} : { domainType }),
      ...(await lostParts(deps, name, domain, disk.state)),
    },
    networks,
  );
  const mark = domain?.config.model.mark;
  const leases = await observeLeases(deps, object, networks, mark?.macs ?? []);
  const probes = await probe(deps, { object, domain, networks, leased: leases[0]?.leased }, signal);
  const copying = deps.jobs.check(name, generation);
  const holder = await findMacHolder(deps, object, domain);
  const observed: ObservedNode = {
    networks: networks.dependency,
    host: hostDependency(deps),
    source: observeSource(deps, object, disk.missing),
    ...(domain === undefined ? {} : { domain }),
    disk: disk.state,
    ...(copying === undefined ? {} : { copying }),
    ...(holder === undefined ? {} : { macHolder: holder }),
    ...observeProgress(deps, object),
    addresses: leases.map((each, index) => ({ ...each, ...reach(each, index, probes) })),
    ...observeTries(deps, name, leases, desire),
  };
  return { desire, networks, observed, probes };
}

/** Only of the first NIC it is known at which address the guest answers; the others are asked about through it. */
function reach(
  { leased, wanted }: LeasedAddress,
  index: number,
  { ssh, reachedAt, address }: NodeProbes,
): Pick<ObservedAddress, 'reached' | 'reachedAt'> {
  const home = ssh?.ok === true;
  if (index > 0) {
    const at = home ? address : reachedAt;
    return { reached: leased === wanted, ...(at === undefined ? {} : { reachedAt: at }) };
  }
  return { reached: home, ...(reachedAt === undefined ? {} : { reachedAt }) };
}

/** How far it is on its way up or down, and who of its role is in the way. */
function observeProgress(
  { boots, store, rollout }: NodeDeps,
  object: ObjectOf<'Node'>,
): Pick<ObservedNode, 'bootSlot' | 'startBackoffSeconds' | 'ran' | 'peers'> & Partial<ObservedNode> {
  const { name } = object.metadata;
  const since = {
    stoppingSeconds: boots.stoppingSeconds(name),
    downSeconds: boots.downSeconds(name),
    bootingSeconds: boots.bootingSeconds(name),
  };
  const defined = Object.entries(since).filter(([, seconds]) => seconds !== undefined);
  return {
    bootSlot: boots.slot(name),
    startBackoffSeconds: boots.backoffSeconds(name),
    ran: boots.ran(name),
    peers: peersInTheWay(object, store.list('Node'), rollout.holder(object.spec.role ?? '')),
    ...Object.fromEntries(defined),
  };
}

function observeTries(
  { attempts }: NodeDeps,
  name: string,
  leases: readonly LeasedAddress[],
  { desired: { definition } }: NodeDesire,
): Pick<ObservedNode, 'tried' | 'restartedSeconds'> {
  // One that lost its lease on the way is still on it.
  const lost = leases.some(({ leased }) => leased === undefined);
  const tried = attempts.last(name, 'address', lost ? undefined : aboutAddress(leases));
  const restarted =
    definition === undefined ? undefined : attempts.last(name, 'definition', definitionHash(definition));
  return {
    ...(tried === undefined ? {} : { tried }),
    ...(restarted === undefined ? {} : { restartedSeconds: restarted.seconds }),
  };
}

/** Where a definition finds again what it lost: the first disk, and the seed of the first boot. */
async function lostParts(
  deps: NodeDeps,
  name: string,
  domain: ObservedNode['domain'],
  disk: ObservedNode['disk'],
): Promise<Pick<DesireNodeInput, 'disk' | 'seed'>> {
  const { mark, disks = [] } = domain?.config.model ?? {};
  if (mark === undefined || mark.adopted === true) return {};
  const has = (target: string): boolean => disks.some((each) => each.target === target);
  const lost = has('vda') || !disk.whole ? {} : { disk: { path: disk.path, format: disk.format ?? 'qcow2' } };
  if (has('vdb')) return lost;
  const { publicKey } = await deps.hostKey(name);
  return { ...lost, seed: deps.seeds.path(name, seedHash(mark.cloudInit, publicKey)) };
}

async function probe(
  deps: NodeDeps,
  {
    object,
    domain,
    networks,
    leased,
  }: {
    readonly object: ObjectOf<'Node'>;
    readonly domain: ObservedNode['domain'];
    readonly networks: NodeNetworks;
    readonly leased: string | undefined;
  },
  signal: AbortSignal,
): Promise<NodeProbes> {
  const [entry] = networks.entries;
  const [attachment] = object.spec.networks;
  const mark = domain?.config.model.mark;
  const gateway = attachment && deps.store.get('Network', attachment.network)?.status.gateway;
  if (domain?.state !== 'running' || entry === undefined || mark === undefined) return {};
  if (gateway === undefined) return {};
  const bootingSeconds = deps.boots.bootingSeconds(object.metadata.name);
  const target = {
    entry,
    ...(leased === undefined ? {} : { leased }),
    gateway,
    user: object.spec.ssh.user,
    hostKey: mark.hostKey,
    ...(bootingSeconds === undefined ? {} : { bootingSeconds }),
  };
  const hosts = object.spec.hostsEntry ? await deps.hosts?.get() : undefined;
  const named = hosts === undefined ? {} : { hosts: addressesIn(hosts, entry.hostnames[0] ?? entry.node) };
  return { ...(await probeNode(deps, target, signal)), ...named };
}

function observeSource(
  deps: NodeDeps,
  object: ObjectOf<'Node'>,
  diskMissing: string | undefined,
): ObservedNode['source'] {
  const { image, cloneOf } = object.spec.disk;
  return nodeSource(object, {
    image: image === undefined ? undefined : deps.store.get('Image', image),
    clone: cloneOf === undefined ? undefined : deps.store.get('Node', cloneOf),
    ...(diskMissing === undefined ? {} : { diskMissing }),
  });
}

function hostDependency(deps: NodeDeps): Dependency {
  if (deps.store.list('Host').some(({ status }) => status.domainType !== undefined))
    return { state: 'ready' };
  return { state: 'waiting', reason: 'HostNotReady', message: "the vmhost's capabilities are not known yet" };
}

function findNetworks(deps: NodeDeps, object: ObjectOf<'Node'>): ObjectOf<'Network'>[] {
  return object.spec.networks.flatMap(({ network }) => deps.store.get('Network', network) ?? []);
}

async function observeDomain(
  deps: NodeDeps,
  { name, state, transient }: DomainListing,
): Promise<ObservedNode['domain']> {
  const xml = await deps.libvirt.domainXml(name, { inactive: true });
  if (xml === undefined) return undefined;
  const live = state === 'running' ? await deps.libvirt.domainXml(name, { inactive: false }) : undefined;
  return {
    state,
    config: parseDomain(xml),
    ...(live === undefined ? {} : { live: parseDomain(live).model }),
    ...(transient === undefined ? {} : { transient }),
  };
}

async function observeDisk(
  deps: NodeDeps,
  object: ObjectOf<'Node'>,
): Promise<{ state: ObservedNode['disk']; missing?: string }> {
  const { path } = object.spec.disk;
  if (path === undefined) {
    const { info, ...state } = await deps.disks.observe(object.metadata.name);
    return { state: { ...state, ...(info === undefined ? {} : sizeOf(info)) } };
  }
  try {
    const info = await deps.disks.info(path);
    return { state: { path, exists: true, ours: false, whole: true, ...sizeOf(info) } };
  } catch (error) {
    if (!(error instanceof ReasonedError)) throw error;
    return { state: { path, exists: false, ours: false, whole: false }, missing: explainError(error) };
  }
}

function sizeOf({ virtualSize, format }: DiskInfo): { size: number; format: string } {
  return { size: virtualSize, format };
}

/** Asked only before a guest gets a MAC address: two guests with the same one would cut each other off. */
async function findMacHolder(
  deps: NodeDeps,
  object: ObjectOf<'Node'>,
  domain: ObservedNode['domain'],
): Promise<ObservedNode['macHolder']> {
  const has = new Set(domain?.config.model.interfaces.map(({ mac }) => mac));
  const macs = object.spec.networks.map((nic) => attachmentMac(object.metadata.name, nic));
  const wanted = new Set(macs.filter((mac) => !has.has(mac)));
  if (wanted.size === 0) return undefined;
  for (const { name } of await deps.domains.get()) {
    const xml = await deps.libvirt.domainXml(name, { inactive: true });
    const nics = xml === undefined ? [] : parseDomain(xml).model.interfaces;
    const taken = nics.find(({ mac }) => wanted.has(mac));
    if (taken !== undefined && name !== object.metadata.name) return { domain: name, mac: taken.mac };
  }
  return undefined;
}
