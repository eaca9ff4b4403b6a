import { entryOf, refusalOf } from '../ipam/by-node.ts';
import { findCondition, isTrue, READY } from '../conditions.ts';
import { isRemoved } from '../meta.ts';
import { overlayMtu } from '../ipam/overlay-mtu.ts';
import { attachmentMac, derivedUuid, isLeftAlone } from '../ipam/names.ts';
import { diskBytes, parseBytes } from '../quantity.ts';
import { cloudInitHash, type CloudInitInput } from './render-cloud-init.ts';
import type { DesiredDefinition } from './render-domain-over.ts';
import type { DiskSource } from './actions.ts';
import type { WaitingReason } from '../disruption/waiting.ts';
import type { Dependency, DesiredNode } from './plan.ts';
import type { ObjectOf } from '../meta.ts';
import type { LiveEntry } from '../ipam/entry.ts';
import type { NodeSpec } from './spec.ts';

export interface DesireNodeInput {
  readonly node: ObjectOf<'Node'>;
  /** The Networks it names, as far as they exist. */
  readonly networks: readonly ObjectOf<'Network'>[];
  /** Public key of the daemon. */
  readonly daemonKey: string;
  /** Those of the daemons of other vmhosts. */
  readonly peerKeys?: readonly string[] | undefined;
  readonly stopSeconds: number;
  /** What libvirt offers, once it is known. */
  readonly domainType?: 'kvm' | 'qemu';
  /** Parts that the definition of the existing domain lost. */
  readonly disk?: DesiredDefinition['disk'];
  readonly seed?: string;
}

export interface NodeNetworks {
  readonly dependency: Dependency;
  /** Its entries, in the order of its NICs; complete only when the dependency is ready. NICs left alone have none. */
  readonly entries: readonly LiveEntry[];
}

/** What the Node's networks reserved for it, and what is still missing. */
export function nodeNetworks(node: ObjectOf<'Node'>, networks: readonly ObjectOf<'Network'>[]): NodeNetworks {
  const entries: LiveEntry[] = [];
  for (const attachment of node.spec.networks) {
    if (isLeftAlone(node.spec, attachment)) continue;
    const network = networks.find(({ metadata }) => metadata.name === attachment.network);
    if (network === undefined) {
      return {
        entries,
        dependency: waiting('NetworkNotFound', `there is no Network "${attachment.network}" yet`),
      };
    }
    const mac = attachmentMac(node.metadata.name, attachment);
    const entry = entryOf(network.status.entries, node.metadata.name);
    if (entry === undefined) return { entries, dependency: refusedBy(node, network) };
    entries.push(entry);
    const wanted = entry.mac === mac && (attachment.address ?? entry.ip) === entry.ip;
    if (!wanted) return { entries, dependency: refusedBy(node, network) };
    if (!entry.live) return { entries, dependency: notServed(node, network, entry) };
  }
  return { entries, dependency: { state: 'ready' } };
}

/** The entry of its first NIC, which names the Node. */
export function primaryEntry({ spec }: ObjectOf<'Node'>, { entries }: NodeNetworks): LiveEntry | undefined {
  const [attachment] = spec.networks;
  return attachment === undefined || isLeftAlone(spec, attachment) ? undefined : entries[0];
}

function refusedBy(node: ObjectOf<'Node'>, network: ObjectOf<'Network'>): Dependency {
  const { refusals, conditions } = network.status;
  const refusal = refusalOf(refusals, node.metadata.name);
  if (refusal !== undefined) return waiting(refusal.reason, refusal.message);
  const notReady = findCondition(conditions, READY);
  const why = notReady?.status === 'False' ? `: ${notReady.message}` : '';
  return waiting('NetworkNotReady', `Network "${network.metadata.name}" has no reservation for it yet${why}`);
}

/** What a foreign entry keeps from being served waits for that one to go. */
function notServed(
  { metadata }: ObjectOf<'Node'>,
  network: ObjectOf<'Network'>,
  { ip }: LiveEntry,
): Dependency {
  const refusal = refusalOf(network.status.refusals, metadata.name);
  if (refusal !== undefined) return waiting(refusal.reason, refusal.message);
  return waiting('ReservationNotLive', `Network "${network.metadata.name}" does not serve ${ip} yet`);
}

function waiting(reason: WaitingReason, message: string): Dependency {
  return { state: 'waiting', reason, message };
}

/** Where the content of its disk comes from. */
export function nodeSource(
  node: ObjectOf<'Node'>,
  found: {
    readonly image?: ObjectOf<'Image'> | undefined;
    readonly clone?: ObjectOf<'Node'> | undefined;
    readonly diskMissing?: string;
  },
): Dependency & { readonly disk?: DiskSource } {
  const { image, cloneOf } = node.spec.disk;
  if (image !== undefined) return imageSource(image, found.image);
  if (cloneOf !== undefined) return cloneSource(cloneOf, found.clone);
  if (found.diskMissing !== undefined) return waiting('DiskMissing', found.diskMissing);
  return { state: 'ready' };
}

function imageSource(
  name: string,
  image: ObjectOf<'Image'> | undefined,
): Dependency & { readonly disk?: DiskSource } {
  if (image === undefined || isRemoved(image))
    return waiting('ImageNotFound', `there is no Image "${name}" yet`);
  const { path, format, sha256, conditions } = image.status;
  if (path !== undefined && format !== undefined && isTrue(conditions, READY)) {
    const content = sha256 === undefined ? {} : { sha256 };
    return { state: 'ready', disk: { from: 'image', image: name, path, format, ...content } };
  }
  const notReady = findCondition(conditions, READY);
  const why = notReady === undefined ? '' : `: ${notReady.reason}, ${notReady.message}`;
  return waiting('ImageNotReady', `Image "${name}" is not ready${why}`);
}

function cloneSource(
  name: string,
  source: ObjectOf<'Node'> | undefined,
): Dependency & { readonly disk?: DiskSource } {
  if (source === undefined || isRemoved(source))
    return waiting('NodeNotFound', `there is no Node "${name}" to clone yet`);
  const { disk, state, conditions } = source.status;
  if (disk === undefined || !isTrue(conditions, READY)) {
    return waiting('SourceNotReady', `Node "${name}" is cloned once it is Ready`);
  }
  const running = state === 'running';
  return { state: 'ready', disk: { from: 'node', node: name, path: disk, running } };
}

export interface NodeDesire {
  readonly desired: DesiredNode;
  readonly cloudInit?: CloudInitInput;
}

/** The Node as it shall be; what cloud-init is told is known once its networks are. */
export function desireNode(input: DesireNodeInput, networks: NodeNetworks): NodeDesire {
  const { node, daemonKey, peerKeys = [], stopSeconds } = input;
  const { spec, metadata } = node;
  const { name } = metadata;
  const size = spec.disk.size === undefined ? {} : { diskSize: diskBytes(spec.disk.size) };
  const known = { name, spec, stopSeconds, ...size };
  const [primary] = networks.entries;
  // An adopted guest had its first boot long ago.
  if (spec.policy.adopt) return { desired: { ...known, definition: desireDefinition(input, networks) } };
  if (primary === undefined || networks.entries.length !== spec.networks.length) {
    return { desired: known };
  }
  const cloudInit: CloudInitInput = {
    node: name,
    fqdn: primary.hostnames[0] ?? name,
    instanceId: derivedUuid('Node', name),
    spec,
    ...(primary.podCIDR === undefined ? {} : { podCIDR: primary.podCIDR }),
    macs: networks.entries.map(({ mac }) => mac),
    ...routeMetrics(spec),
    daemonKey,
    ...(peerKeys.length === 0 ? {} : { peerKeys }),
    usedDisk: spec.disk.image === undefined,
  };
  const definition = desireDefinition(input, networks);
  return { desired: { ...known, cloudInitHash: cloudInitHash(cloudInit), definition }, cloudInit };
}

/** Only where the manifest has one: guests that were made before there was that field have not drifted. */
function routeMetrics({ networks }: NodeSpec): Pick<CloudInitInput, 'routeMetrics'> {
  const metrics = networks.map(({ routeMetric }) => routeMetric ?? null);
  return metrics.every((metric) => metric === null) ? {} : { routeMetrics: metrics };
}

function desireDefinition(
  {
    node: {
      spec,
      metadata: { name },
    },
    domainType,
    networks,
    disk,
    seed,
  }: DesireNodeInput,
  { entries }: NodeNetworks,
): DesiredDefinition {
  const { cpus, memory, domainType: own = 'auto', policy } = spec;
  const type = own === 'auto' ? domainType : own;
  return {
    cpus,
    memory: parseBytes(memory),
    interfaces: spec.policy.adopt
      ? spec.networks.map((attachment) => ({
          network: attachment.network,
          mac: attachmentMac(name, attachment),
        }))
      : entries.map(({ mac }, index) => {
          const network = spec.networks[index]?.network ?? '';
          const found = networks.find(({ metadata }) => metadata.name === network);
          const mtu = found && overlayMtu(found.spec);
          return { network, mac, ...(mtu === undefined ? {} : { mtu }) };
        }),
    reclaim: policy.reclaim,
    ...(type === undefined ? {} : { type }),
    ...(disk === undefined ? {} : { disk }),
    ...(seed === undefined ? {} : { seed }),
  };
}
