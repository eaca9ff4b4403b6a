import { excluding } from './ranges.ts';
import type { Allocation, AllocationError } from './allocate.ts';
import { containsSubnet, formatSubnet, parseSubnet, readSubnet, subnetOf, type Subnet } from './subnet.ts';
import { createSubnetSet } from './subnet-index.ts';

/** A Node whose pod network comes from a range. */
export interface PodClaim {
  readonly node: string;
  /** The one that its manifest names, of any Node. */
  readonly given?: string;
  /** The one that it was given before. */
  readonly held?: string;
}

export interface PodRange {
  readonly network: string;
  readonly cidr: string;
  readonly nodeMaskSize: number;
}

/**
 * The pod network of every claim: given ones, then those held while they lie in the range, then the lowest free
 * subnet in name order.
 * @param claims in name order
 * @param taken pod networks of Nodes that claim none here
 */
export function allocatePodCidrs(
  range: PodRange | undefined,
  claims: readonly PodClaim[],
  taken: readonly string[],
): Allocation<string> {
  const assigned = new Map<string, string>();
  for (const { node, given } of claims) if (given !== undefined) assigned.set(node, given);
  if (range === undefined) return { assigned, fresh: [], errors: [] };
  const cluster = parseSubnet(range.cidr);
  const waiting = claims.filter(({ given }) => given === undefined);
  const fixed = [...assigned.values(), ...taken].flatMap((text) => readSubnet(text) ?? []);
  const kept = keep(cluster, waiting, fixed);
  for (const [node, subnet] of kept) assigned.set(node, formatSubnet(subnet));
  const free = freeSubnets(cluster, range.nodeMaskSize, [...fixed, ...kept.values()]);
  const fresh: string[] = [];
  const errors: AllocationError[] = [];
  for (const { node } of waiting) {
    if (assigned.has(node)) continue;
    const subnet = free.next().value;
    if (subnet === undefined) errors.push(podRangeExhausted(node, range));
    else assigned.set(node, formatSubnet(subnet));
    if (subnet !== undefined) fresh.push(node);
  }
  return { assigned, fresh, errors };
}

function keep(cluster: Subnet, claims: readonly PodClaim[], fixed: readonly Subnet[]): Map<string, Subnet> {
  const held = claims.flatMap(({ node, held: text = '' }) => {
    const subnet = readSubnet(text);
    return subnet !== undefined && containsSubnet(cluster, subnet) ? [{ node, subnet }] : [];
  });
  const set = createSubnetSet([...fixed, ...held.map(({ subnet }) => subnet)].map(({ prefix }) => prefix));
  for (const subnet of fixed.toSorted((a, b) => a.prefix - b.prefix)) set.add(subnet);
  return new Map(held.filter(({ subnet }) => set.add(subnet)).map(({ node, subnet }) => [node, subnet]));
}

/** Subnets of a block that overlap none of those taken, in ascending order. */
export function* freeSubnets(
  cluster: Subnet,
  prefix: number,
  taken: readonly Subnet[],
): Generator<Subnet, undefined> {
  const { family } = cluster;
  for (const gap of excluding(
    cluster,
    taken.filter((subnet) => subnet.family === family),
  )) {
    let block = subnetOf({ family, value: gap.first }, prefix);
    if (block.first < gap.first) block = subnetOf({ family, value: block.last + 1n }, prefix);
    for (; block.last <= gap.last; block = subnetOf({ family, value: block.last + 1n }, prefix)) yield block;
  }
  return undefined;
}

function podRangeExhausted(node: string, { network, cidr }: PodRange): AllocationError {
  const why = `the pod range ${cidr} of Network "${network}" has no free subnet`;
  const message = `cannot allocate a pod network for Node "${node}": ${why}`;
  return { node, reason: 'RangeExhausted', message };
}
