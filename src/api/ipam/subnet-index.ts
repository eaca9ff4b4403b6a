import { subnetOf, type Subnet } from './subnet.ts';
import type { Family } from './address.ts';

/** Some of what was found, and how much there is in all. */
export interface Hits<T> {
  readonly items: readonly T[];
  readonly total: number;
}

/**
 * Answers which items overlap a subnet, the first `limit` of them in the items' own order as far as they were counted.
 * Subnets are nested or apart, so that a question costs a binary search and one look-up for each prefix length in use.
 */
export function indexSubnets<T>(
  items: readonly T[],
  subnetFor: (item: T) => Subnet,
): (subnet: Subnet, limit: number) => Hits<T> {
  const entries = items.map((item, place) => ({ item, place, subnet: subnetFor(item) }));
  const sorted = entries.toSorted((a, b) => compare(a.subnet, b.subnet));
  const blocks = Map.groupBy(entries, ({ subnet }) => key(subnet));
  const prefixes = [...new Set(entries.map(({ subnet }) => subnet.prefix))];
  return (subnet, limit) => {
    const [from, to] = [
      position(sorted, subnet.family, subnet.first),
      position(sorted, subnet.family, subnet.last + 1n),
    ];
    const around = prefixes
      .filter((prefix) => prefix < subnet.prefix)
      .map((prefix) => enclosing(subnet, prefix))
      .filter(({ first }) => first < subnet.first)
      .flatMap((block) => blocks.get(key(block)) ?? []);
    const found = [...around.slice(0, limit), ...sorted.slice(from, Math.min(to, from + limit))];
    const first = found.toSorted((a, b) => a.place - b.place).slice(0, limit);
    return { items: first.map(({ item }) => item), total: around.length + to - from };
  };
}

/** Subnets of which none overlaps another. */
export interface SubnetSet {
  /** Whether it overlaps none so far; then it is one of them. */
  add(subnet: Subnet): boolean;
}

/** @param prefixes the prefix lengths of all subnets that will be added */
export function createSubnetSet(prefixes: Iterable<number>): SubnetSet {
  const lengths = [...new Set(prefixes)];
  const members = new Set<string>();
  const occupied = new Set<string>();
  return {
    add(subnet) {
      const around = lengths
        .filter((prefix) => prefix <= subnet.prefix)
        .map((prefix) => key(enclosing(subnet, prefix)));
      if (occupied.has(key(subnet)) || around.some((block) => members.has(block))) return false;
      members.add(key(subnet));
      for (const block of around) occupied.add(block);
      return true;
    },
  };
}

function enclosing({ family, first }: Subnet, prefix: number): Subnet {
  return subnetOf({ family, value: first }, prefix);
}

function key({ family, first, prefix }: Subnet): string {
  return `${family} ${first}/${prefix}`;
}

function compare(a: Subnet, b: Subnet): number {
  if (a.family !== b.family) return a.family < b.family ? -1 : 1;
  if (a.first !== b.first) return a.first < b.first ? -1 : 1;
  return a.prefix - b.prefix;
}

/** The first place whose subnet does not begin before `first`. */
function position(sorted: readonly { readonly subnet: Subnet }[], family: Family, first: bigint): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const { subnet } = sorted[middle] as { readonly subnet: Subnet };
    const before = subnet.family === family ? subnet.first < first : subnet.family < family;
    if (before) low = middle + 1;
    else high = middle;
  }
  return low;
}
