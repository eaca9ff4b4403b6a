import type { Lab, LabNode, LabVmhost, Resources } from './lab.ts';
import { createRequests, minus, type Requests } from './resources.ts';

/** Who is where, and what is left on each vmhost; `bind` adds to it. */
export interface Occupancy {
  readonly requests: Requests;
  readonly vmhostOf: ReadonlyMap<string, string>;
  /** Undefined: the vmhost has not said what it has. */
  free(vmhost: LabVmhost): Resources | undefined;
  /** How many Nodes of the same role and Network are there. */
  alike(node: LabNode, vmhost: string): number;
  /** The vmhosts that Networks without an overlay live on, with one that says so. */
  homes(node: LabNode): readonly Home[];
  bind(node: LabNode, vmhost: string): void;
}

export interface Home {
  readonly network: string;
  readonly vmhosts: ReadonlySet<string>;
}

export function createOccupancy(lab: Lab): Occupancy {
  const requests = createRequests(lab);
  const free = new Map(lab.vmhosts.map(({ name, allocatable }) => [name, allocatable]));
  const flat = new Set(
    lab.networks.filter(({ asked }) => asked?.hasOverlay === false).map(({ name }) => name),
  );
  const vmhostOf = new Map<string, string>();
  const alike = new Map<string, number>();
  const homes = new Map<string, Set<string>>();

  function bind(node: LabNode, vmhost: string): void {
    vmhostOf.set(node.name, vmhost);
    const before = free.get(vmhost);
    if (before !== undefined) free.set(vmhost, minus(before, requests(node)));
    const key = likeness(node, vmhost);
    alike.set(key, (alike.get(key) ?? 0) + 1);
    for (const { network } of node.asked?.networks ?? []) {
      const known = homes.get(network) ?? new Set();
      if (flat.has(network)) homes.set(network, known.add(vmhost));
    }
  }

  for (const node of lab.nodes) if (node.vmhost !== undefined) bind(node, node.vmhost);
  return {
    requests,
    vmhostOf,
    free: ({ name }) => free.get(name),
    alike: (node, vmhost) => (node.asked?.role === undefined ? 0 : (alike.get(likeness(node, vmhost)) ?? 0)),
    homes: ({ asked }) =>
      (asked?.networks ?? []).flatMap(({ network }) => {
        const vmhosts = homes.get(network);
        return vmhosts === undefined ? [] : { network, vmhosts };
      }),
    bind,
  };
}

function likeness({ asked }: LabNode, vmhost: string): string {
  return [vmhost, asked?.role, asked?.networks[0]?.network].join(' ');
}
