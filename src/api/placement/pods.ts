import { freeSubnets } from '../ipam/allocate-pods.ts';
import {
  containsSubnet,
  formatSubnet,
  overlaps,
  parseSubnet,
  readSubnet,
  type Subnet,
} from '../ipam/subnet.ts';
import { createSubnetSet } from '../ipam/subnet-index.ts';
import { settle, type Standing } from './settle.ts';

/** The pod networks of a lab: one space, whichever Network they belong to. */
export interface PodPool {
  of(node: string): string | undefined;
  /** Why a Node does not get the one that its manifest names now, though it has another one. */
  refusal(node: string): string | undefined;
  /** @returns why not; a Network without a range gives none, which is no error */
  take(claim: PodClaim): string | undefined;
}

export interface PodClaim {
  readonly node: string;
  readonly network: string;
  readonly given?: string | undefined;
  readonly held?: string | undefined;
}

export interface PodRange {
  readonly network: string;
  readonly cidr: string;
  readonly nodeMaskSize: number;
}

/** @param claims of all Nodes that have or want one, also of those that are not to get anything yet */
export function createPodPool(ranges: readonly PodRange[], claims: readonly PodClaim[]): PodPool {
  const blocks = new Map(
    ranges.map((range) => [range.network, { ...range, subnet: parseSubnet(range.cidr) }]),
  );
  const texts = [...claims.flatMap(({ given = '', held = '' }) => [given, held])];
  const known = new Map(texts.flatMap((text) => [...pair(text)]));
  const prefixes = new Set([
    ...[...known.values()].map(({ prefix }) => prefix),
    ...ranges.map(({ nodeMaskSize }) => nodeMaskSize),
  ]);
  const standing = claims.flatMap((claim): Standing<Subnet>[] => {
    const { node } = claim;
    const [held, given] = [fitting(claim, claim.held), fitting(claim, claim.given)];
    if (held === undefined) return [];
    const isChange = given !== undefined && formatSubnet(given) !== formatSubnet(held);
    return [{ node, held, ...(isChange ? { wanted: given } : {}) }];
  });
  const { has, stuck, taken } = settle(standing, () => createSubnetSet(prefixes));
  const owned = new Map([...has].map(([node, subnet]) => [node, formatSubnet(subnet)]));
  const asked = new Map(claims.map((claim) => [claim.node, claim]));
  const wanted = claims.flatMap((claim) => fitting(claim, claim.given) ?? []);
  const fixed = [...has.values(), ...wanted];
  const free = new Map(
    [...blocks].map(([network, { subnet, nodeMaskSize }]) => [
      network,
      freeSubnets(subnet, nodeMaskSize, fixed),
    ]),
  );

  /** What may be had at all: of the Network's own range, or of nobody's. */
  function fitting({ network }: PodClaim, text = ''): Subnet | undefined {
    const subnet = known.get(text);
    const own = blocks.get(network);
    if (subnet === undefined) return undefined;
    if (own !== undefined) return containsSubnet(own.subnet, subnet) ? subnet : undefined;
    return [...blocks.values()].some((block) => overlaps(block.subnet, subnet)) ? undefined : subnet;
  }

  function fresh(network: string): Subnet | undefined {
    const all = free.get(network);
    // A loop over the rest of a generator would end it.
    for (let next = all?.next().value; next !== undefined; next = all?.next().value)
      if (taken.add(next)) return next;
    return undefined;
  }

  function why(claim: PodClaim, given: string): string {
    const own = blocks.get(claim.network);
    if (fitting(claim, given) !== undefined) return `another Node has pod addresses of ${given}`;
    if (own !== undefined) return `${given} is outside the pod range ${own.cidr} of Network "${own.network}"`;
    return `${given} is of the pod range of another Network`;
  }

  return {
    of: (node) => owned.get(node),
    refusal(node) {
      const claim = asked.get(node);
      if (claim?.given === undefined || !owned.has(node)) return undefined;
      const isRefused = stuck.has(node) || fitting(claim, claim.given) === undefined;
      return isRefused ? why(claim, claim.given) : undefined;
    },
    take(claim) {
      const { node, network, given } = claim;
      if (owned.has(node)) return undefined;
      if (given === undefined && !blocks.has(network)) return undefined;
      const subnet = given === undefined ? fresh(network) : fitting(claim, given);
      if (given !== undefined && (subnet === undefined || !taken.add(subnet))) return why(claim, given);
      if (subnet === undefined) return `the pod range of Network "${network}" has no free subnet`;
      owned.set(node, formatSubnet(subnet));
      return undefined;
    },
  };
}

function* pair(text: string): Generator<readonly [string, Subnet]> {
  const subnet = readSubnet(text);
  if (subnet !== undefined) yield [text, subnet];
}
