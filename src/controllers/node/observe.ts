import { namedIn } from '../../api/ownership/named.ts';
import { adoptedNodeSpec, hostKeyOf, takeOverDomain } from '../../api/node/adopt.ts';
import { explainError, ReasonedError } from '../../api/errors.ts';
import { tooOld } from '../../api/libvirt/version.ts';
import { attachmentMac } from '../../api/ipam/names.ts';
import {
  desireNode,
  nodeNetworks,
  nodeSource,
  primaryEntry,
  type DesireNodeInput,
  type NodeNetworks,
} from '../../api/node/desire.ts';
import { FIRST_DISK, SEED_DISK } from '../../api/node/render-domain.ts';
import type { Dependency, ObservedNode } from '../../api/node/observed.ts';
import type { NodeMemory } from '../../api/node/memory.ts';
import type { NodeProbes } from '../../api/node/status.ts';
import type { DiskInfo } from '../../drivers/disks.ts';
import type { NodeDeps, NodeExtra } from './deps.ts';
import { findMacHolder, observeLeases, reach, unreservedAddress } from './addresses.ts';
import { findDiskHolder, isStoredImage } from './disk-holder.ts';
import { observeProgress, observeTries } from './progress.ts';
import { probeNode } from './probes.ts';
import { isSeedThere, seedHash } from './seed.ts';
import { type ObjectOf, ownVmhost } from '../objects.ts';
import type { LookContext } from '../reconciler.ts';

/** What there is of the Node and of what it needs, and what it shall be. Changes nothing. */
export async function observeNode(
  deps: NodeDeps,
  object: ObjectOf<'Node'>,
  { signal, memory = {} }: LookContext<'Node'>,
): Promise<NodeExtra> {
  const { name } = object.metadata;
  const found = findNetworks(deps, object);
  const networks = nodeNetworks(object, found);
  const observedDomain = await observeDomain(deps, name);
  const domain = observedDomain && takeOverDomain({ name, spec: object.spec }, observedDomain);
  const spec = adoptedNodeSpec(object.spec, namedIn(object.origin), domain);
  const disk = await observeDisk(deps, object, domain);
  const { domainType } = ownVmhost(deps.store)?.status ?? {};
  const desire = desireNode(
    {
      node: { ...object, spec },
      networks: found,
      daemonKey: deps.daemonKey,
      peerKeys: deps.peerKeys?.(),
      stopSeconds: deps.stopSeconds,
      ...(domainType === undefined ? {} : { domainType }),
      ...(await lostParts(deps, name, domain, disk.state)),
    },
    networks,
  );
  const mark = domain?.config.model.mark;
  const leases = await observeLeases(deps, object, networks, mark?.macs ?? []);
  const progress = observeProgress(deps, object, memory);
  const tries = observeTries(deps, memory, leases, desire);
  const whereabouts = { leased: leases[0]?.leased, leaving: tries.tried !== undefined };
  const probes = await probe(
    deps,
    { object, domain, networks, ...whereabouts, bootingSeconds: progress.bootingSeconds },
    signal,
  );
  const copying = deps.jobs.check(object.metadata);
  const diskHolder = await findDiskHolder(deps, object, { domain, disk: disk.state });
  const storedImage = await isStoredImage(deps, object, domain);
  const leftover = await observeLeftover(deps, name, memory);
  const holder = await findMacHolder(deps, object, domain);
  const seedThere = await isSeedThere(deps, name, domain);
  const observed: ObservedNode = {
    networks: networks.dependency,
    host: hostDependency(deps),
    source: observeSource(deps, object, disk.missing),
    ...(domain === undefined ? {} : { domain }),
    disk: disk.state,
    ...(seedThere === undefined ? {} : { seedThere }),
    ...(copying === undefined ? {} : { copying }),
    ...(leftover === undefined ? {} : { leftover }),
    ...(diskHolder === undefined ? {} : { diskHolder }),
    ...(storedImage ? { storedImage } : {}),
    ...(holder === undefined ? {} : { macHolder: holder }),
    ...progress,
    addresses: leases.map((each, index) => ({ ...each, ...reach(each, index, probes) })),
    ...tries,
  };
  return { desire, networks, observed, probes };
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
  const lost =
    has(FIRST_DISK) || !disk.whole ? {} : { disk: { path: disk.path, format: disk.format ?? 'qcow2' } };
  if (has(SEED_DISK)) return lost;
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
    leaving,
    bootingSeconds,
  }: {
    readonly object: ObjectOf<'Node'>;
    readonly domain: ObservedNode['domain'];
    readonly networks: NodeNetworks;
    readonly leased: string | undefined;
    readonly leaving: boolean;
    readonly bootingSeconds: number | undefined;
  },
  signal: AbortSignal,
): Promise<NodeProbes> {
  const [attachment] = object.spec.networks;
  if (domain?.state !== 'running') deps.probes.forget(object.metadata.name);
  if (domain?.state !== 'running' || attachment === undefined) return {};
  const gateway = deps.store.get('Network', attachment.network)?.status.gateway;
  if (gateway === undefined) return {};
  const entry = primaryEntry(object, networks);
  if (entry === undefined) {
    const mac = attachmentMac(object.metadata.name, attachment);
    const leasedAddress = await unreservedAddress(deps, attachment.network, mac);
    return leasedAddress === undefined ? {} : { leasedAddress };
  }
  const hostKey = hostKeyOf(object.spec, domain.config);
  const target = {
    entry,
    ...(leased === undefined ? {} : { leased }),
    leaving,
    gateway,
    user: object.spec.ssh.user,
    // libvirt names the taps anew at each start.
    run: (domain.live?.interfaces ?? []).map(({ target }) => target).join(' '),
    ...(hostKey === undefined ? {} : { hostKey }),
    ...(bootingSeconds === undefined ? {} : { bootingSeconds }),
  };
  const hosts = object.spec.hostsEntry ? await deps.hosts?.get() : undefined;
  const named = hosts === undefined ? {} : { hosts: hosts.get(entry.hostnames[0] ?? entry.node) ?? [] };
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
  const { domainType, libvirtVersion } = ownVmhost(deps.store)?.status ?? {};
  if (domainType === undefined || libvirtVersion === undefined)
    return {
      state: 'waiting',
      reason: 'HostNotReady',
      message: "the vmhost's capabilities are not known yet",
    };
  const old = tooOld(libvirtVersion);
  if (old === undefined) return { state: 'ready' };
  return { state: 'waiting', reason: 'LibvirtTooOld', message: `libvirt ${old.why}; ${old.hint}` };
}

function findNetworks(deps: NodeDeps, object: ObjectOf<'Node'>): ObjectOf<'Network'>[] {
  return object.spec.networks.flatMap(({ network }) => deps.store.get('Network', network) ?? []);
}

async function observeDomain({ view }: NodeDeps, name: string): Promise<ObservedNode['domain']> {
  const found = await view.domain(name);
  if (found === undefined) return undefined;
  const { state, config, live, transient, autostart } = found;
  return {
    state,
    config,
    ...(live === undefined || state !== 'running' ? {} : { live }),
    ...(transient === undefined ? {} : { transient }),
    ...(autostart === undefined ? {} : { autostart }),
  };
}

async function observeDisk(
  deps: NodeDeps,
  object: ObjectOf<'Node'>,
  domain: ObservedNode['domain'],
): Promise<{ state: ObservedNode['disk']; missing?: string }> {
  const { path } = object.spec.disk;
  if (path === undefined) {
    const { info, ...state } = await deps.disks.observe(object.metadata.name);
    return { state: { ...state, ...(info === undefined ? {} : factsOf(info)) } };
  }
  try {
    const info = await deps.disks.info(path, formatOf(object.spec, domain));
    return { state: { path, exists: true, ours: false, whole: true, ...factsOf(info) } };
  } catch (error) {
    if (!(error instanceof ReasonedError)) throw error;
    const problem = explainError(error);
    return { state: { path, exists: false, ours: false, whole: false, problem }, missing: problem };
  }
}

/** A copy of this run takes along what it leaves; one of an earlier run is looked for until none is there. */
async function observeLeftover(
  { disks, jobs }: NodeDeps,
  name: string,
  { tidy }: NodeMemory,
): Promise<boolean | undefined> {
  return tidy === true || jobs.runs(name) ? undefined : disks.hasTemp(name);
}

/** As it is defined, said or kept: the content, which the guest writes, is asked before the first definition alone. */
function formatOf(
  { disk: { path, format } }: ObjectOf<'Node'>['spec'],
  domain: ObservedNode['domain'],
): string | undefined {
  const { disks = [], mark } = domain?.config.model ?? {};
  const defined = disks.find(({ file }) => file === path)?.format;
  // A block device of a guest of others: its content is not looked into.
  return defined ?? format ?? mark?.diskFormat ?? (mark?.adopted === true ? 'raw' : undefined);
}

function factsOf({ virtualSize, format, lacks }: DiskInfo): Partial<ObservedNode['disk']> {
  return { size: virtualSize, format, ...(lacks === undefined ? {} : { lacks }) };
}
