import {
  type Cidr,
  cidrOf,
  containsCidr,
  formatCidr,
  fromNumber,
  isAddress,
  isCidr,
  overlaps,
  parseCidr,
  toNumber,
} from './ip.ts';
import type { NetworkSpec } from '../network/spec.ts';
import type { NodeSpec } from '../node/spec.ts';
import { attachmentMac, isLeftAlone } from './names.ts';
import { isUsable, networkAddresses } from './network-addresses.ts';

export interface AllocationNetwork {
  readonly name: string;
  readonly spec: Pick<NetworkSpec, 'cidr' | 'gateway' | 'dhcp' | 'podCIDR'>;
}
export interface AllocationNode {
  readonly name: string;
  readonly spec: Pick<NodeSpec, 'networks' | 'role' | 'podCIDR'> & Partial<Pick<NodeSpec, 'policy'>>;
}

/** A reservation that the network has now; one whose `ip` is not IPv4 is passed over. */
export interface HeldReservation {
  readonly mac: string;
  readonly ip: string;
}

export interface AllocationError {
  readonly node: string;
  readonly reason: 'RangeExhausted' | 'AddressTaken' | 'AddressNotUsable';
  readonly message: string;
}
export interface Allocation {
  /** Node name -> address or pod CIDR, in name order; a Node without one is missing. */
  readonly assigned: ReadonlyMap<string, string>;
  readonly errors: readonly AllocationError[];
}

interface Claim {
  readonly node: string;
  readonly mac: string;
  readonly given: number | undefined;
}
interface Holder {
  readonly mac: string;
  readonly address: number;
}

/**
 * The address of every given Node that is on the network. Given addresses go first (of two equal ones the holder's,
 * else the first in name order), then what a Node's MAC address already holds, then the lowest free address of the
 * DHCP range in name order: never the network's, the broadcast's, the gateway's, nor one that another MAC holds.
 */
export function allocateAddresses(
  network: AllocationNetwork,
  nodes: readonly AllocationNode[],
  held: readonly HeldReservation[],
): Allocation {
  const holders = held
    .filter(({ ip }) => isAddress(ip))
    .map(({ mac, ip }) => ({ mac: mac.toLowerCase(), address: toNumber(ip) }));
  const claims = claimsOn(network.name, nodes);
  const owners = new Map<number, string>();
  const refused = claimGiven(network, claims, { holders, owners });
  claimHeld(network, claims, { holders, owners });
  const exhausted = claimFree(network, claims, { holders, owners });
  const errors = [...refused, ...exhausted];
  return { assigned: byNode([...owners].map(([address, node]) => [node, fromNumber(address)])), errors };
}

interface Ledger {
  readonly holders: readonly Holder[];
  /** Filled step by step: address -> Node. */
  readonly owners: Map<number, string>;
}

function claimsOn(network: string, nodes: readonly AllocationNode[]): readonly Claim[] {
  return inNameOrder(nodes).flatMap(({ name, spec }) => {
    const attachment = spec.networks.find((candidate) => candidate.network === network);
    if (attachment === undefined || isLeftAlone(spec, attachment)) return [];
    const given = attachment.address === undefined ? undefined : toNumber(attachment.address);
    return [{ node: name, mac: attachmentMac(name, attachment), given }];
  });
}

function claimGiven(network: AllocationNetwork, claims: readonly Claim[], ledger: Ledger): AllocationError[] {
  const addresses = networkAddresses(network.spec);
  const errors: AllocationError[] = [];
  for (const { node, given } of holdersFirst(claims, ledger.holders)) {
    if (given === undefined) continue;
    const owner = ledger.owners.get(given);
    if (owner !== undefined) errors.push(addressTaken(node, fromNumber(given), owner));
    else if (!isUsable(addresses, given)) errors.push(addressNotUsable(node, fromNumber(given), network));
    else ledger.owners.set(given, node);
  }
  return errors;
}

function claimHeld(network: AllocationNetwork, claims: readonly Claim[], ledger: Ledger): void {
  const addresses = networkAddresses(network.spec);
  const held = Map.groupBy(ledger.holders, ({ mac }) => mac);
  for (const { node, mac, given } of claims) {
    if (given !== undefined) continue;
    const kept = held
      .get(mac)
      ?.find(({ address }) => isUsable(addresses, address) && !ledger.owners.has(address));
    if (kept !== undefined) ledger.owners.set(kept.address, node);
  }
}

function claimFree(network: AllocationNetwork, claims: readonly Claim[], ledger: Ledger): AllocationError[] {
  const addresses = networkAddresses(network.spec);
  const blocked = new Set(ledger.holders.map(({ address }) => address));
  const placed = new Set(ledger.owners.values());
  const errors: AllocationError[] = [];
  let next = addresses.dhcp.start;
  for (const { node, given } of claims) {
    if (given !== undefined || placed.has(node)) continue;
    while (blocked.has(next) || ledger.owners.has(next) || next === addresses.gateway) next++;
    if (next > addresses.dhcp.end) errors.push(rangeExhausted(node, network));
    else ledger.owners.set(next, node);
  }
  return errors;
}

function holdersFirst(claims: readonly Claim[], holders: readonly Holder[]): readonly Claim[] {
  const reservations = new Set(holders.map(({ mac, address }) => `${mac} ${address}`));
  const holding = new Set(claims.filter(({ mac, given }) => reservations.has(`${mac} ${given ?? ''}`)));
  return [...holding, ...claims.filter((claim) => !holding.has(claim))];
}

/**
 * The pod network of each Node whose first network this is: given ones (any role), then those held (Node name ->
 * CIDR, kept while they lie in the range), then the lowest free subnet in name order, the last two for role worker
 * only. Pass all Nodes: pod networks given on other networks are not handed out again.
 */
export function allocatePodCidrs(
  network: AllocationNetwork,
  nodes: readonly AllocationNode[],
  held: ReadonlyMap<string, string>,
): Allocation {
  const members = inNameOrder(nodes).filter(({ spec }) => spec.networks[0]?.network === network.name);
  const given = members.flatMap(({ name, spec }) =>
    spec.podCIDR === undefined ? [] : [[name, spec.podCIDR] as const],
  );
  const range = network.spec.podCIDR;
  if (range === undefined) return { assigned: byNode(given), errors: [] };

  const workers = members.filter(({ spec }) => spec.role === 'worker' && spec.podCIDR === undefined);
  const taken = nodes.flatMap(({ spec }) => (spec.podCIDR === undefined ? [] : [parseCidr(spec.podCIDR)]));
  const kept = keepPodCidrs(parseCidr(range.cidr), workers, { held, taken });
  const waiting = workers.filter(({ name }) => !kept.has(name));
  const fresh = newPodCidrs(range, waiting, [...taken, ...[...kept.values()].map(parseCidr)]);
  const errors = waiting
    .filter(({ name }) => !fresh.has(name))
    .map(({ name }) => podRangeExhausted(name, network.name, range.cidr));
  return { assigned: byNode([...given, ...kept, ...fresh]), errors };
}

function keepPodCidrs(
  cluster: Cidr,
  workers: readonly AllocationNode[],
  known: { readonly held: ReadonlyMap<string, string>; readonly taken: readonly Cidr[] },
): ReadonlyMap<string, string> {
  const taken = [...known.taken];
  const kept = new Map<string, string>();
  for (const { name } of workers) {
    const text = known.held.get(name);
    if (text === undefined || !isCidr(text)) continue;
    const cidr = parseCidr(text);
    if (!containsCidr(cluster, cidr) || taken.some((other) => overlaps(cidr, other))) continue;
    taken.push(cidr);
    kept.set(name, formatCidr(cidr));
  }
  return kept;
}

function newPodCidrs(
  range: NonNullable<NetworkSpec['podCIDR']>,
  waiting: readonly AllocationNode[],
  taken: readonly Cidr[],
): ReadonlyMap<string, string> {
  const cluster = parseCidr(range.cidr);
  const fresh = new Map<string, string>();
  let address = cluster.network;
  for (const { name } of waiting) {
    address = firstFree(cidrOf(address, range.nodeMaskSize), taken);
    const subnet = cidrOf(address, range.nodeMaskSize);
    if (!containsCidr(cluster, subnet)) break;
    fresh.set(name, formatCidr(subnet));
    address = subnet.broadcast + 1;
  }
  return fresh;
}

/** The first address, from `start` on in steps of its size, whose block overlaps nothing taken. */
function firstFree(start: Cidr, taken: readonly Cidr[]): number {
  let block = start;
  for (;;) {
    const hit = taken.find((other) => overlaps(block, other));
    if (hit === undefined) return block.network;
    block = cidrOf(Math.max(hit.broadcast, block.broadcast) + 1, block.prefix);
  }
}

function inNameOrder(nodes: readonly AllocationNode[]): readonly AllocationNode[] {
  return nodes.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function byNode(entries: readonly (readonly [string, string])[]): ReadonlyMap<string, string> {
  return new Map(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function addressTaken(node: string, address: string, owner: string): AllocationError {
  const message = `cannot give ${address} to Node "${node}": Node "${owner}" has it`;
  return { node, reason: 'AddressTaken', message };
}

function addressNotUsable(node: string, address: string, network: AllocationNetwork): AllocationError {
  const why = `it is no address for a machine on Network "${network.name}" (${network.spec.cidr})`;
  return { node, reason: 'AddressNotUsable', message: `cannot give ${address} to Node "${node}": ${why}` };
}

function rangeExhausted(node: string, network: AllocationNetwork): AllocationError {
  const { dhcp } = networkAddresses(network.spec);
  const range = `${fromNumber(dhcp.start)}-${fromNumber(dhcp.end)}`;
  const why = `the DHCP range ${range} of Network "${network.name}" has no free address`;
  return { node, reason: 'RangeExhausted', message: `cannot allocate an address for Node "${node}": ${why}` };
}

function podRangeExhausted(node: string, network: string, range: string): AllocationError {
  const why = `the pod range ${range} of Network "${network}" has no free subnet`;
  return {
    node,
    reason: 'RangeExhausted',
    message: `cannot allocate a pod network for Node "${node}": ${why}`,
  };
}
