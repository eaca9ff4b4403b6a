import { compare } from './candidates.ts';
import type { Groups } from './groups.ts';
import type { LabNode, LabVmhost } from './lab.ts';
import type { Occupancy } from './occupancy.ts';
import { fits, leftOver, minus } from './resources.ts';

/** What speaks for a vmhost, in the order of its weight. */
export const ADVANTAGES = ['together', 'roomForAll', 'apart', 'image', 'mostLeft'] as const;

export interface Best {
  readonly vmhost: LabVmhost;
  /** What decided between it and the next best; undefined: its name, or nothing, since no other takes the Node. */
  readonly advantage?: (typeof ADVANTAGES)[number];
}

/**
 * The vmhost that suits the Node best: with those that have to be beside it, apart from others of its role, where its image is
 * already, with the most left; of equal ones the first by name.
 * @param vmhosts that take it, in the order of their names
 */
export function best(
  node: LabNode,
  vmhosts: readonly LabVmhost[],
  world: { readonly occupancy: Occupancy; readonly groups: Groups },
): Best | undefined {
  let [first, second]: (Ranked | undefined)[] = [];
  for (const vmhost of vmhosts) {
    const ranked = { vmhost, rank: rankOf(node, vmhost, world) };
    if (first === undefined || compare(ranked.rank, first.rank) < 0) [first, second] = [ranked, first];
    else if (second === undefined || compare(ranked.rank, second.rank) < 0) second = ranked;
  }
  if (first === undefined) return undefined;
  const { vmhost, rank } = first;
  const advantage = ADVANTAGES.find((_, at) => second !== undefined && second.rank[at] !== rank[at]);
  return { vmhost, ...(advantage === undefined ? {} : { advantage }) };
}

interface Ranked {
  readonly vmhost: LabVmhost;
  readonly rank: readonly number[];
}

/** One number for each of `ADVANTAGES`; the lowest is the best. */
function rankOf(
  node: LabNode,
  vmhost: LabVmhost,
  { occupancy, groups }: { readonly occupancy: Occupancy; readonly groups: Groups },
): readonly number[] {
  const { name, allocatable, images } = vmhost;
  const free = occupancy.free(vmhost);
  const [all, home] = [groups.needs(node), groups.vmhost(node)];
  const image = node.asked?.disk.image;
  const left =
    free === undefined || allocatable === undefined
      ? 0
      : leftOver(minus(free, occupancy.requests(node)), allocatable);
  return [
    home === undefined || home === name ? 0 : 1,
    all === undefined || free === undefined || fits(all, free) ? 0 : 1,
    occupancy.alike(node, name),
    image === undefined || images.has(image) ? 0 : 1,
    -left,
  ];
}
