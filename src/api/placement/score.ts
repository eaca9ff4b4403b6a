import { compare } from './candidates.ts';
import type { Groups } from './groups.ts';
import type { LabNode, LabVmhost } from './lab.ts';
import type { Occupancy } from './occupancy.ts';
import { fits, leftOver, minus } from './resources.ts';

/**
 * The vmhost that suits the Node best: with those that have to be beside it, apart from others of its role, where its image is
 * already, with the most left; of equal ones the first by name.
 * @param vmhosts that take it, in the order of their names
 */
export function best(
  node: LabNode,
  vmhosts: readonly LabVmhost[],
  world: { readonly occupancy: Occupancy; readonly groups: Groups },
): LabVmhost | undefined {
  let found: { readonly vmhost: LabVmhost; readonly rank: readonly number[] } | undefined;
  for (const vmhost of vmhosts) {
    const rank = rankOf(node, vmhost, world);
    if (found === undefined || compare(rank, found.rank) < 0) found = { vmhost, rank };
  }
  return found?.vmhost;
}

/** The lowest is the best. */
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
