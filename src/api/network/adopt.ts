import { readAddress } from '../ipam/address.ts';
import { contains, parseSubnet } from '../ipam/subnet.ts';
import type { NetworkSpec } from './spec.ts';
import type { NetworkMark } from '../ownership/mark.ts';
import type { NetworkModel } from '../libvirt/network.ts';
import { claimsOn, type Claim, type NodeManifest } from './claims.ts';
import { NameSet } from './foreign.ts';
import type { ObservedNetwork } from './observed.ts';
import type { Named } from '../ownership/named.ts';
import type { NetworkEntry } from '../ipam/entry.ts';

export interface NetworkManifest {
  readonly name: string;
  readonly spec: NetworkSpec;
  /** Whether the manifest names that field; what it does not name an adopted network keeps. */
  readonly named: Named;
}

export interface TakenOver {
  readonly spec: NetworkSpec;
  readonly observed: ObservedNetwork;
  /** The manifest names no DHCP range: those that are there stay. */
  readonly keepsRanges: boolean;
  /** The lease time that the manifest names for them. */
  readonly leaseSeconds?: number;
  /** Nodes whose entries are there as others made them. */
  readonly found: readonly string[];
}

/**
 * A network that others made, seen as one of ours: what its manifest does not name is as libvirt has it, and entries
 * with the MAC address of a Node are that Node's. What is ours already, and what may not be adopted, stays as it is.
 */
export function takeOverNetwork(
  manifest: NetworkManifest,
  observed: ObservedNetwork,
  nodes: readonly NodeManifest[],
): TakenOver {
  const { name, spec, named } = manifest;
  const { config } = observed;
  if (config === undefined) return { spec, observed, ...NOTHING_FOUND };
  const { mark } = config.model;
  const adopts = spec.policy.adopt && (mark === undefined || mark.adopted === true);
  if (mark === undefined && !adopts) return { spec, observed, ...NOTHING_FOUND };
  const whole = adopts ? specAsFound(manifest, config.model, observed.autostart) : spec;
  const takers = adopts ? nodes : nodes.filter((node) => node.spec.policy.adopt);
  const claims = claimsOn(name, whole.domain, takers);
  const known = mark ?? unwritten(name);
  const found = foundEntries(claims, config.model, known);
  const entries = [...known.entries, ...found];
  const keepsRanges = adopts && !['dhcp.start', 'dhcp.end', 'dhcp.exclude'].some(named);
  return {
    spec: whole,
    observed: {
      ...observed,
      config: { ...config, model: { ...config.model, mark: { ...known, entries } } },
      ...(mark === undefined ? { adopting: 'network' } : found.length > 0 ? { adopting: 'entries' } : {}),
    },
    found: found.map(({ node }) => node),
    keepsRanges,
    ...(keepsRanges && named('dhcp.leaseSeconds') && spec.dhcp.leaseSeconds !== undefined
      ? { leaseSeconds: spec.dhcp.leaseSeconds }
      : {}),
  };
}

/**
 * What is taken over, less the entries of Nodes that are refused: those stay as others made them.
 * @param left those Nodes
 */
export function leaveEntries({ observed, found }: TakenOver, left: readonly string[]): ObservedNetwork {
  const { adopting, config, ...others } = observed;
  if (left.length === 0 || config === undefined) return observed;
  const takes = adopting === 'network' || found.length > left.length;
  const model = withoutEntries(config.model, left);
  return { ...others, config: { ...config, model }, ...(takes ? { adopting } : {}) };
}

/** The network as if its mark did not have the entries of those Nodes. */
export function withoutEntries<M extends NetworkModel | undefined>(model: M, nodes: readonly string[]): M {
  if (model?.mark === undefined || nodes.length === 0) return model;
  const without = new Set(nodes);
  const entries = model.mark.entries.filter(({ node }) => !without.has(node));
  return { ...model, mark: { ...model.mark, entries } };
}

const NOTHING_FOUND = { keepsRanges: false, found: [] } as const;

/** The mark that an adopted network gets with the first change that is made to it. */
function unwritten(name: string): NetworkMark {
  const nothing = { entries: [], records: [], options: [], forwarders: [], fields: [] };
  return { kind: 'Network', name, adopted: true, ...nothing };
}

/** Entries that others made for machines which are Nodes now. */
function foundEntries(claims: readonly Claim[], model: NetworkModel, mark: NetworkMark): NetworkEntry[] {
  const known = new Set(mark.entries.flatMap(({ node, mac }) => [node, mac]));
  const hosts = new Map(model.hosts.toReversed().map((host) => [host.mac, host]));
  const names = new NameSet(model.dns.hosts);
  return claims.flatMap(({ node, mac, podCIDR, hostnames: wanted }): NetworkEntry[] => {
    const host = known.has(node) || known.has(mac) ? undefined : hosts.get(mac);
    if (host === undefined) return [];
    const hostnames = wanted.filter((name) => names.has(host.ip, name));
    return [{ node, mac, ip: host.ip, ...(podCIDR === undefined ? {} : { podCIDR }), hostnames }];
  });
}

function specAsFound({ spec, named }: NetworkManifest, model: NetworkModel, autostart: boolean): NetworkSpec {
  const { ip, domain } = model;
  const address = ip?.address;
  const gateway = named('gateway') || !isIn(spec.cidr, address) ? {} : { gateway: address };
  return {
    ...spec,
    ...(named('domain') || domain?.name === undefined ? {} : { domain: domain.name }),
    ...gateway,
    forward: forwardAsFound(spec, named, model),
    bridge: bridgeAsFound(spec, named, model),
    dhcp: dhcpAsFound(spec, named, model),
    dns: {
      ...spec.dns,
      ...(named('dns.localOnly') || domain === undefined ? {} : { localOnly: domain.localOnly }),
    },
    autostart: named('autostart') ? spec.autostart : autostart,
  };
}

function forwardAsFound(spec: NetworkSpec, named: Named, { forward }: NetworkModel): NetworkSpec['forward'] {
  const found = MODES.find((candidate) => candidate === (forward?.mode ?? 'isolated'));
  const mode = named('forward.mode') || found === undefined ? spec.forward.mode : found;
  const keepsDev = !named('forward.dev') && forward?.dev !== undefined && /^(nat|route)$/.test(mode);
  return { ...spec.forward, mode, ...(keepsDev ? { dev: forward.dev } : {}) };
}

/** Forward modes that k8slab has; libvirt has others, for networks that are no bridge of its own. */
export const MODES = ['nat', 'route', 'open', 'isolated'] as const;

function bridgeAsFound(spec: NetworkSpec, named: Named, { bridge }: NetworkModel): NetworkSpec['bridge'] {
  const { stp, delay } = bridge ?? {};
  return {
    ...spec.bridge,
    ...(named('bridge.stp') || stp === undefined ? {} : { stp: stp === 'on' }),
    ...(named('bridge.delaySeconds') || delay === undefined ? {} : { delaySeconds: Number(delay) }),
  };
}

/** Addresses for new Nodes come from the range that there is. */
function dhcpAsFound(spec: NetworkSpec, named: Named, { ranges }: NetworkModel): NetworkSpec['dhcp'] {
  const [range] = ranges;
  if (range === undefined || !isIn(spec.cidr, range.start) || !isIn(spec.cidr, range.end)) return spec.dhcp;
  const lease = leaseSeconds(range.lease);
  return {
    ...spec.dhcp,
    ...(named('dhcp.start') ? {} : { start: range.start }),
    ...(named('dhcp.end') ? {} : { end: range.end }),
    ...(named('dhcp.leaseSeconds') || lease === undefined ? {} : { leaseSeconds: lease }),
  };
}

function isIn(cidr: string, address: string | undefined): address is string {
  const parsed = readAddress(address ?? '');
  return parsed !== undefined && contains(parseSubnet(cidr), parsed);
}

/** Seconds of a lease time as the model has it, such as `5400 seconds`; undefined: none, or for ever. */
export function leaseSeconds(lease: string | undefined): number | undefined {
  const seconds = Number(/^(\d+) seconds$/.exec(lease ?? '')?.[1] ?? 0);
  return seconds > 0 ? seconds : undefined;
}
