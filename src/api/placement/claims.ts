import { isLeftAlone } from '../ipam/names.ts';
import type { AddressClaim } from './addresses.ts';
import type { Lab, LabAllocation, LabNetwork, LabNode, NodeAsk } from './lab.ts';
import type { PodClaim } from './pods.ts';

/** What Nodes have and want of one Network. */
export interface NetworkClaims {
  readonly addresses: readonly AddressClaim[];
  readonly pods: readonly PodClaim[];
}

type Attachment = NodeAsk['networks'][number];

/** The Networks that are to serve the Node: a guest of others whose manifest names no address is left as it is. */
export function attachments({ networks, adopts }: NodeAsk): readonly Attachment[] {
  return networks.filter((attachment) => !isLeftAlone({ policy: { adopt: adopts } }, attachment));
}

/** The pod network that a Node wants, of its first Network. */
export function podClaim({ name, asked }: LabNode): PodClaim | undefined {
  const [first] = asked?.networks ?? [];
  if (asked === undefined || first === undefined || !attachments(asked).includes(first)) return undefined;
  if (asked.podCIDR === undefined && asked.role !== 'worker') return undefined;
  return { node: name, network: first.network, given: asked.podCIDR };
}

/** Of all Networks by name, in one walk over the Nodes. */
export function claimsOf({
  nodes,
  networks,
  unconfirmed = new Set(),
}: Lab): ReadonlyMap<string, NetworkClaims> {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const held = new Map(
    networks.map(({ name, allocations }) => [name, new Map(allocations.map((each) => [each.node, each]))]),
  );
  const asking = nodes.filter(({ isRemoved }) => !isRemoved);
  const addresses = Map.groupBy(
    asking.flatMap((node) =>
      (node.asked === undefined ? [] : attachments(node.asked)).map(({ network, address }) => ({
        network,
        claim: { node: node.name, given: address, held: held.get(network)?.get(node.name)?.address },
      })),
    ),
    ({ network }) => network,
  );
  const pods = Map.groupBy(
    asking.flatMap((node) => podClaim(node) ?? []),
    ({ network }) => network,
  );
  return new Map(
    networks.map((network) => {
      const own = (addresses.get(network.name) ?? []).map(({ claim }) => claim);
      const kept = keptOf(network, new Set(own.map(({ node }) => node)), (node) =>
        byName.has(node) ? byName.get(node) : unconfirmed.has(node) ? 'unconfirmed' : undefined,
      );
      const podHeld = held.get(network.name);
      return [
        network.name,
        {
          addresses: [...own, ...kept.map(({ node, address }) => ({ node, held: address }))],
          pods: [
            ...(pods.get(network.name) ?? []).map((claim) => ({
              ...claim,
              held: podHeld?.get(claim.node)?.podCIDR,
            })),
            ...kept.flatMap(({ node, podCIDR, isWhole }) =>
              podCIDR === undefined || !isWhole ? [] : { node, network: network.name, held: podCIDR },
            ),
          ],
        },
      ];
    }),
  );
}

interface Kept extends LabAllocation {
  /** Also its pod network: the Node asks for none elsewhere. */
  readonly isWhole: boolean;
}

/** Of Nodes that ask for nothing here, and are there or may be: their guests may still use it. */
function keptOf(
  { allocations }: LabNetwork,
  asking: ReadonlySet<string>,
  find: (node: string) => LabNode | 'unconfirmed' | undefined,
): readonly Kept[] {
  return allocations.flatMap((allocation): Kept[] => {
    if (asking.has(allocation.node)) return [];
    const node = find(allocation.node);
    if (node === undefined) return [];
    return [{ ...allocation, isWhole: node === 'unconfirmed' || node.isRemoved || node.asked === undefined }];
  });
}
