import { createAddressPool, type AddressPool } from './addresses.ts';
import { attachments, claimsOf, podClaim } from './claims.ts';
import type { Lab, LabAllocation, LabNetwork, LabNode } from './lab.ts';
import { createPodPool } from './pods.ts';

/** Who has which address and which pod network, over all vmhosts. */
export interface Ledger {
  /** Gives the Node what it lacks, all of it or nothing. @returns why not */
  complete(node: LabNode): string | undefined;
  /** What the Node's manifest names and does not get, though the Node goes on with what it has. */
  refusal(node: LabNode): string | undefined;
  /** What the status of the Network is to say, in the order of its Nodes' names. */
  allocations(network: LabNetwork): readonly LabAllocation[];
}

/** What was given stays for as long as its Node exists and its Network has a place for it. */
export function createLedger(lab: Lab): Ledger {
  const claims = claimsOf(lab);
  const pools = new Map<string, AddressPool>();
  for (const { name, asked } of lab.networks) {
    const own = claims.get(name)?.addresses ?? [];
    if (asked !== undefined) pools.set(name, createAddressPool(name, asked, own));
  }
  const ranges = lab.networks.flatMap(({ name, asked }) =>
    asked?.podCIDR === undefined ? [] : [{ network: name, ...asked.podCIDR }],
  );
  const podClaims = [...claims.values()].flatMap(({ pods: own }) => own);
  const pods = createPodPool(ranges, podClaims);
  const podNetwork = new Map(podClaims.map(({ node, network }) => [node, network]));

  function allocation(node: string, network: string): LabAllocation[] {
    const address = pools.get(network)?.of(node);
    const podCIDR = podNetwork.get(node) === network ? pods.of(node) : undefined;
    if (address === undefined) return [];
    return [{ node, address, ...(podCIDR === undefined ? {} : { podCIDR }) }];
  }

  return {
    complete(node) {
      const taken: AddressPool[] = [];
      const refuse = (why: string): string => {
        for (const pool of taken) pool.giveBack(node.name);
        return why;
      };
      for (const { network, address } of node.asked === undefined ? [] : attachments(node.asked)) {
        const pool = pools.get(network);
        if (pool === undefined || pool.of(node.name) !== undefined) continue;
        const refused = pool.take(node.name, address);
        if (refused !== undefined) return refuse(refused);
        taken.push(pool);
      }
      const claim = podClaim(node);
      const refused = claim === undefined ? undefined : pods.take(claim);
      return refused === undefined ? undefined : refuse(refused);
    },
    refusal(node) {
      const networks = node.asked === undefined ? [] : attachments(node.asked);
      for (const { network } of networks) {
        const refused = pools.get(network)?.refusal(node.name);
        if (refused !== undefined) return refused;
      }
      return pods.refusal(node.name);
    },
    allocations({ name, asked, allocations }) {
      // Of a spec that nobody can read nothing is concluded.
      if (asked === undefined) return allocations;
      const nodes = (claims.get(name)?.addresses ?? []).map(({ node }) => node);
      return [...new Set(nodes)].sort().flatMap((node) => allocation(node, name));
    },
  };
}
