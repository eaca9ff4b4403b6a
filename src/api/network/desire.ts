import { allocateAddresses, type Allocation, type Usage } from '../ipam/allocate.ts';
import { allocatePodCidrs } from '../ipam/allocate-pods.ts';
import { formatAddress, readAddress, sameAddress, type Address } from '../ipam/address.ts';
import { formatSubnet, interfaceOf } from '../ipam/subnet.ts';
import { bridgeName } from '../ipam/names.ts';
import {
  dynamicRanges,
  isUsable,
  networkAddresses,
  type NetworkAddresses,
} from '../ipam/network-addresses.ts';
import type { NetworkModel } from '../libvirt/network.ts';
import type { NetworkEntry, Refusal } from '../ipam/entry.ts';
import { withoutEntries, type TakenOver } from './adopt.ts';
import { claimsOn, type Claim, type NodeManifest } from './claims.ts';
import { grantRecords, indexForeign, refuseClashing, type ForeignIndex } from './conflicts.ts';
import { foreignEntries, marksOf, ownMacs, type ForeignEntries } from './foreign.ts';
import type { HostDirs } from './host-dirs.ts';
import { hostDirOptions, readsHostFiles } from './host-dirs.ts';
import type { DesiredNetwork } from './render.ts';
import type { NetworkSpec } from './spec.ts';

/** An address that some machine has now, by a lease or because it answers. */
export interface AddressInUse {
  readonly ip: string;
  readonly mac?: string;
}

export interface DesireNetworkInput {
  readonly name: string;
  readonly spec: NetworkSpec;
  /** The Nodes that may be served now: without those that contradict each other. */
  readonly nodes: readonly NodeManifest[];
  /** The network's --inactive XML, where it exists. */
  readonly config?: NetworkModel;
  /** The running network. */
  readonly live?: NetworkModel;
  /** Addresses that no Node is given unless its manifest names them. */
  readonly inUse?: readonly AddressInUse[];
  /** Nodes whose entries are in `config` as others made them, to be taken over. */
  readonly found?: readonly string[];
  /** Whether a machine whose manifest asks for nothing here keeps what it has. */
  readonly keeps: (node: string) => boolean;
  /** DHCP ranges stay as they are, whatever the spec says. */
  readonly keepsRanges?: boolean;
  /** The lease time that the manifest names for those. */
  readonly leaseSeconds?: number;
  /** The manifest's own spec, where `spec` has what it does not name from libvirt. */
  readonly asked?: NetworkSpec;
  /** Directories that dnsmasq reads beside libvirt's files. */
  readonly hostDirs: HostDirs;
}

/** What was taken over, as a part of the input of `desireNetwork`. */
export function takenInput({
  spec,
  observed: { config, live },
  keepsRanges,
  leaseSeconds,
  found,
}: TakenOver): Pick<
  DesireNetworkInput,
  'spec' | 'config' | 'live' | 'keepsRanges' | 'leaseSeconds' | 'found'
> {
  return {
    ...{ spec, keepsRanges, found },
    ...(config === undefined ? {} : { config: config.model }),
    ...(live === undefined ? {} : { live: live.model }),
    ...(leaseSeconds === undefined ? {} : { leaseSeconds }),
  };
}

/** The network as it shall be, and what cannot be. */
export interface NetworkDesire {
  readonly desired: DesiredNetwork;
  /** Claims that cannot be met: those Nodes get nothing, and what they have stays. */
  readonly refusals: readonly Refusal[];
  /** Names of the manifest's records that foreign ones have. */
  readonly refusedRecords: readonly string[];
  /** Nodes whose entries are left as others made them, since they are refused. */
  readonly left: readonly string[];
  /** Addresses that Nodes are given for the first time and that no manifest names. */
  readonly fresh: readonly string[];
}

/** The network as it shall be, out of the manifests of the Network and its Nodes and of what it has now. */
export function desireNetwork(input: DesireNetworkInput): NetworkDesire {
  const { name, spec, config, live, hostDirs } = input;
  const addresses = networkAddresses(spec);
  const foreign = foreignEntries(config, live);
  const byUpdates = live !== undefined && !readsHostFiles(hostDirs, live);
  const index = indexForeign(foreign, { domain: spec.domain, byUpdates });
  const asked = spec.dns.records.map(({ address, hostnames }) => ({ ip: address, hostnames }));
  const { granted: records, refused: refusedRecords } = grantRecords(asked, index);
  const { entries, refusals, left, fresh, stranded } = desireEntries(input, { addresses, foreign, index });
  const desired: DesiredNetwork = {
    name,
    spec,
    ...(input.asked === undefined ? {} : { asked: input.asked }),
    bridge: spec.bridge.name ?? config?.bridge?.name ?? bridgeName(name),
    gateway: formatAddress(addresses.gateway),
    netmask: addresses.netmask,
    ...(input.keepsRanges === true ? {} : { ranges: dynamicRanges(addresses) }),
    entries,
    records,
    options: [...hostDirOptions(hostDirs), ...spec.dns.dnsmasqOptions],
    hostDirs,
    ...(input.leaseSeconds === undefined ? {} : { leaseSeconds: input.leaseSeconds }),
    former: formerMacs(input, entries, left),
  };
  const told = { refusals, refusedRecords, left };
  const contradicted = contradiction(input, addresses, stranded);
  if (contradicted === undefined) return { desired, ...told, fresh };
  return { desired: asItIs(desired, config, contradicted), ...told, fresh: [] };
}

/** Why the addresses of the network may not change: machines would be left with one that it no longer has. */
function contradiction(
  { spec, config }: DesireNetworkInput,
  { subnet, gateway }: NetworkAddresses,
  stranded: readonly NetworkEntry[],
): string | undefined {
  const current = config?.ip && interfaceOf(config.ip);
  if (current === undefined || stranded.length === 0) return undefined;
  const same = current.subnet.prefix === subnet.prefix && sameAddress(current.address, gateway);
  if (same) return undefined;
  const who = stranded.slice(0, NAMED).map(({ node, ip }) => `"${node}" (${ip})`);
  const more = stranded.length > NAMED ? ` and ${stranded.length - NAMED} more` : '';
  const from = formatSubnet(current.subnet);
  return `${from} cannot become ${spec.cidr} while it has no place for ${who.join(', ')}${more}: change their manifests too`;
}

const NAMED = 3;

/** What the network says and serves now goes on. */
function asItIs(
  desired: DesiredNetwork,
  config: NetworkModel | undefined,
  contradicted: string,
): DesiredNetwork {
  const { bridge = desired.bridge, ...ip } = { bridge: config?.bridge?.name, ...config?.ip };
  return {
    ...desired,
    bridge,
    gateway: ip.address ?? desired.gateway,
    entries: config?.mark?.entries ?? [],
    contradicted,
  };
}

/** Reservations that k8slab made and no longer wants, as long as the running network has them: they are not foreign. */
function formerMacs(
  { config, live }: DesireNetworkInput,
  entries: readonly NetworkEntry[],
  left: readonly string[],
): string[] {
  const wanted = new Set(entries.map(({ mac }) => mac));
  const ours = ownMacs(marksOf(withoutEntries(config, left), live));
  const served = (live?.hosts ?? []).flatMap(({ mac }) => mac ?? []);
  const started = new Set((live?.mark?.entries ?? []).map(({ mac }) => mac));
  return served.filter((mac) => ours.has(mac) && !wanted.has(mac) && !started.has(mac));
}

interface Surroundings {
  readonly addresses: NetworkAddresses;
  readonly foreign: ForeignEntries;
  readonly index: ForeignIndex;
}

interface DesiredEntries {
  readonly entries: readonly NetworkEntry[];
  readonly refusals: readonly Refusal[];
  readonly left: readonly string[];
  readonly fresh: readonly string[];
  /** Entries that stay as they are and that the network has no place for. */
  readonly stranded: readonly NetworkEntry[];
}

function desireEntries(input: DesireNetworkInput, around: Surroundings): DesiredEntries {
  const claims = claimsOn(input.name, input.spec.domain, input.nodes);
  const all = input.config?.mark?.entries ?? [];
  const marked = new Map(all.map((entry) => [entry.node, entry]));
  const claiming = new Set(claims.map(({ node }) => node));
  const kept = all.filter(({ node }) => !claiming.has(node) && input.keeps(node));
  const addresses = giveAddresses(input, around, { claims, marked, kept });
  const pods = givePods(input, { claims, marked, kept });
  const refused = new Map<string, Refusal>();
  for (const error of [...pods.errors, ...addresses.errors]) refused.set(error.node, error);
  const wanted = claims.flatMap((claim) => entryFor(claim, addresses, pods));
  for (const entry of wanted) {
    const message = refused.has(entry.node) ? undefined : around.index.ofEntry(entry);
    if (message !== undefined) refused.set(entry.node, { node: entry.node, reason: 'Conflict', message });
  }
  refuseClashing(wanted, kept, { marked, refused });
  const served = wanted.filter(({ node }) => !refused.has(node));
  const stuck = claims.filter(({ node }) => refused.has(node)).flatMap(({ node }) => marked.get(node) ?? []);
  const fresh = addresses.fresh
    .filter((node) => !refused.has(node))
    .flatMap((node) => addresses.assigned.get(node) ?? []);
  const stranded = [...stuck, ...kept].filter(({ ip }) => {
    const address = readAddress(ip);
    return address !== undefined && !isUsable(around.addresses, address);
  });
  const left = new Set((input.found ?? []).filter((node) => refused.has(node)));
  const ours = stuck.filter(({ node }) => !left.has(node));
  return {
    // In one order, whoever of them asks for it: nothing changes while a Node is not in force yet.
    entries: [...served, ...ours, ...kept].sort((a, b) => (a.node < b.node ? -1 : 1)),
    refusals: [...refused.values()],
    left: [...left],
    fresh: fresh.map(formatAddress),
    stranded,
  };
}

function entryFor(
  { node, mac, hostnames }: Claim,
  addresses: Allocation,
  pods: Allocation<string>,
): NetworkEntry[] {
  const [address, podCIDR] = [addresses.assigned.get(node), pods.assigned.get(node)];
  if (address === undefined) return [];
  return [
    { node, mac, ip: formatAddress(address), ...(podCIDR === undefined ? {} : { podCIDR }), hostnames },
  ];
}

/** Who claims, and what the machines have now. */
interface Parties {
  readonly claims: readonly Claim[];
  readonly marked: ReadonlyMap<string, NetworkEntry>;
  /** Entries of machines that ask for nothing and keep what they have. */
  readonly kept: readonly NetworkEntry[];
}

/** A Node keeps the address that it was given, whatever others made of its reservation, under a new MAC too. */
function giveAddresses(
  { name, spec, inUse = [] }: DesireNetworkInput,
  { addresses, foreign }: Surroundings,
  { claims, marked, kept }: Parties,
): Allocation {
  const asked = claims.map(({ node, mac, address }) => ({
    node,
    mac,
    ...optional('given', address),
    ...optional('held', marked.get(node)?.ip),
  }));
  const own = claims.flatMap(({ node, mac }) => ({ ip: marked.get(node)?.ip ?? '', mac }));
  const named = [...spec.dns.records.map(({ address }) => address), ...foreign.names.map(({ ip }) => ip)];
  const used = [...own, ...kept, ...foreign.reservations, ...inUse, ...named.map((ip) => ({ ip }))];
  return allocateAddresses({ name, addresses }, asked, used.flatMap(usage));
}

function optional<K extends string>(key: K, text: string | undefined): { [P in K]?: Address } {
  const address = text === undefined ? undefined : readAddress(text);
  return (address === undefined ? {} : { [key]: address }) as { [P in K]?: Address };
}

function usage({ ip, mac }: { readonly ip: string; readonly mac?: string }): Usage[] {
  const address = readAddress(ip);
  return address === undefined ? [] : [{ address, ...(mac === undefined ? {} : { mac }) }];
}

/** Taken is what anybody has, also while its Node is about to get another one. */
function givePods(
  { name, spec, nodes }: DesireNetworkInput,
  { claims, marked, kept }: Parties,
): Allocation<string> {
  const members = claims.filter(
    ({ primary, isWorker, podCIDR }) => primary && (isWorker || podCIDR !== undefined),
  );
  const claiming = new Set(members.map(({ node }) => node));
  const held = (node: string): string | undefined => marked.get(node)?.podCIDR;
  const taken = [
    ...nodes.flatMap(({ name: node, spec: { podCIDR } }) => (claiming.has(node) ? [] : (podCIDR ?? []))),
    ...members.flatMap(({ node, podCIDR }) => (podCIDR === undefined ? [] : (held(node) ?? []))),
    ...kept.flatMap(({ podCIDR }) => podCIDR ?? []),
  ];
  const asked = members.map(({ node, podCIDR }) => {
    const before = held(node);
    return {
      node,
      ...(podCIDR === undefined ? {} : { given: podCIDR }),
      ...(before === undefined ? {} : { held: before }),
    };
  });
  return allocatePodCidrs(spec.podCIDR && { network: name, ...spec.podCIDR }, asked, taken);
}
