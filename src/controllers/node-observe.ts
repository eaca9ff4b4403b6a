import { namedIn } from '../api/adopt/named.ts';
import { adoptedNodeSpec } from '../api/adopt/node.ts';
import { parseDomain } from '../api/libvirt/domain.ts';
import { explainError, ReasonedError } from '../api/errors.ts';
import { attachmentMac } from '../api/names.ts';
import {
  desireNode,
  nodeNetworks,
  nodeSource,
  type NodeDesire,
  type NodeNetworks,
} from '../api/plan/desire-node.ts';
import type { Dependency, ObservedNode } from '../api/plan/node.ts';
import type { Disks } from '../drivers/disks.ts';
import type { KeyPair } from '../drivers/keys.ts';
import type { DomainListing, Libvirt } from '../drivers/libvirt.ts';
import type { Seeds } from '../drivers/seeds.ts';
import type { Boots } from './boots.ts';
import type { Jobs } from './jobs.ts';
import type { ProbeDeps } from './node-probes.ts';
import type { ObjectOf, ObjectStore } from './objects.ts';
import type { SharedRead } from './shared-read.ts';

export interface NodeDeps extends ProbeDeps {
  readonly store: ObjectStore;
  readonly libvirt: Libvirt;
  readonly domains: SharedRead<readonly DomainListing[]>;
  readonly disks: Disks;
  readonly seeds: Seeds;
  /** The host key that the guest of this Node is given; made at the first call. */
  readonly hostKey: (node: string) => Promise<KeyPair>;
  /** Public key of the daemon. */
  readonly daemonKey: string;
  readonly jobs: Jobs;
  readonly boots: Boots;
}

/** What one look at a Node found. */
export interface NodeExtra {
  readonly desire: NodeDesire;
  readonly networks: NodeNetworks;
  readonly observed: ObservedNode;
}

/** What there is of the Node and of what it needs, and what it shall be. Changes nothing. */
export async function observeNode(deps: NodeDeps, object: ObjectOf<'Node'>): Promise<NodeExtra> {
  const { name, generation } = object.metadata;
  const listing = (await deps.domains.get()).find((domain) => domain.name === name);
  const domain = listing === undefined ? {} : await observeDomain(deps, listing);
  const spec = adoptedNodeSpec(object.spec, namedIn(object.metadata.annotations), domain.domain);
  const networks = nodeNetworks(object, findNetworks(deps, object));
  const desire = desireNode(
    { node: { ...object, spec }, networks: findNetworks(deps, object), daemonKey: deps.daemonKey },
    networks,
  );
  const disk = await observeDisk(deps, object);
  const copying = deps.jobs.check(name, generation);
  const holder = listing === undefined ? await findMacHolder(deps, object) : undefined;
  const stoppingSeconds = deps.boots.stoppingSeconds(name);
  const observed: ObservedNode = {
    networks: networks.dependency,
    host: hostDependency(deps),
    source: nodeSource(object, {
      image:
        object.spec.disk.image === undefined ? undefined : deps.store.get('Image', object.spec.disk.image),
      clone:
        object.spec.disk.cloneOf === undefined ? undefined : deps.store.get('Node', object.spec.disk.cloneOf),
      ...(disk.missing === undefined ? {} : { diskMissing: disk.missing }),
    }),
    ...domain,
    disk: disk.state,
    ...(copying === undefined ? {} : { copying }),
    ...(holder === undefined ? {} : { macHolder: holder }),
    bootSlot: deps.boots.slot(name),
    startBackoffSeconds: deps.boots.backoffSeconds(name),
    ...(stoppingSeconds === undefined ? {} : { stoppingSeconds }),
  };
  return { desire, networks, observed };
}

function hostDependency(deps: NodeDeps): Dependency {
  if (deps.store.list('Host').some(({ status }) => status.domainType !== undefined))
    return { state: 'ready' };
  return { state: 'waiting', reason: 'HostNotReady', message: "the vmhost's capabilities are not known yet" };
}

function findNetworks(deps: NodeDeps, object: ObjectOf<'Node'>): ObjectOf<'Network'>[] {
  return object.spec.networks.flatMap(({ network }) => deps.store.get('Network', network) ?? []);
}

async function observeDomain(deps: NodeDeps, listing: DomainListing): Promise<Pick<ObservedNode, 'domain'>> {
  const xml = await deps.libvirt.domainXml(listing.name, { inactive: true });
  return xml === undefined ? {} : { domain: { state: listing.state, config: parseDomain(xml) } };
}

async function observeDisk(
  deps: NodeDeps,
  object: ObjectOf<'Node'>,
): Promise<{ state: ObservedNode['disk']; missing?: string }> {
  const { path } = object.spec.disk;
  if (path === undefined) return { state: await deps.disks.observe(object.metadata.name) };
  try {
    await deps.disks.info(path);
    return { state: { path, exists: true, ours: false, whole: true } };
  } catch (error) {
    if (!(error instanceof ReasonedError)) throw error;
    return { state: { path, exists: false, ours: false, whole: false }, missing: explainError(error) };
  }
}

/** Asked only before a guest is made: two guests with one MAC address would cut each other off. */
async function findMacHolder(deps: NodeDeps, object: ObjectOf<'Node'>): Promise<ObservedNode['macHolder']> {
  const wanted = new Set(object.spec.networks.map((nic) => attachmentMac(object.metadata.name, nic)));
  for (const { name } of await deps.domains.get()) {
    const xml = await deps.libvirt.domainXml(name, { inactive: true });
    const nics = xml === undefined ? [] : parseDomain(xml).model.interfaces;
    const taken = nics.find(({ mac }) => wanted.has(mac));
    if (taken !== undefined && name !== object.metadata.name) return { domain: name, mac: taken.mac };
  }
  return undefined;
}
