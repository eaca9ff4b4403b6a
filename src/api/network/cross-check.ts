import { containsSubnet, parseSubnet, type Subnet } from '../ipam/subnet.ts';
import { indexSubnets } from '../ipam/subnet-index.ts';
import { bridgeName, derivedVni } from '../ipam/names.ts';
import {
  type Claim,
  clashes,
  crossError,
  type CrossIssue,
  firstOthers,
  MAX_LISTED,
  refKey,
} from '../manifest/clash.ts';
import type { CrossError, CrossErrorCode, ParsedObject } from '../manifest/types.ts';

type Network = ParsedObject<'Network'>;
type Node = ParsedObject<'Node'>;

interface Block extends Claim {
  readonly cidr: Subnet;
  readonly text: string;
}

/** Bridges and blocks of addresses: networks, pod ranges, and the pod networks of Nodes. */
export function crossCheckNetworks(
  networks: readonly Network[],
  nodes: readonly Node[],
): readonly CrossError[] {
  const own = networks.map((object) => block(object, ['spec', 'cidr'], object.spec.cidr));
  const ranges = networks.flatMap((object) =>
    object.spec.podCIDR === undefined
      ? []
      : [block(object, ['spec', 'podCIDR', 'cidr'], object.spec.podCIDR.cidr)],
  );
  const pods = nodes.flatMap((object) =>
    object.spec.podCIDR === undefined ? [] : [block(object, ['spec', 'podCIDR'], object.spec.podCIDR)],
  );
  return [
    ...bridgeErrors(networks),
    ...vniErrors(networks),
    ...overlapErrors(own, own, 'OverlappingNetworks'),
    ...overlapErrors(own, ranges, 'OverlappingPodCidr'),
    ...overlapErrors(ranges, own, 'OverlappingPodCidr'),
    ...overlapErrors(ranges, ranges, 'OverlappingPodCidr'),
    ...overlapErrors(pods, pods, 'OverlappingPodCidr'),
    ...overlapErrors(pods, own, 'OverlappingPodCidr'),
    ...rangeErrors(pods, ranges),
  ];
}

function block(object: ParsedObject, path: readonly string[], text: string): Block {
  return { object, path, text, cidr: parseSubnet(text) };
}

function bridgeErrors(networks: readonly Network[]): readonly CrossError[] {
  const claims = networks.map((object) => ({
    object,
    path: ['spec', 'bridge', 'name'],
    key: object.spec.bridge.name ?? bridgeName(object.name),
  }));
  return clashes(claims, ({ key }) => ({
    code: 'DuplicateBridge',
    message: `bridge ${key} is also that of`,
  }));
}

/** Two devices of one port cannot have the same identifier, and their frames would be each other's. */
function vniErrors(networks: readonly Network[]): readonly CrossError[] {
  const claims = networks.flatMap((object) => {
    const { overlay } = object.spec;
    if (overlay === undefined) return [];
    const vni = overlay.vni ?? derivedVni(object.name);
    return [{ object, path: ['spec', 'overlay', 'vni'], key: `${vni} on port ${overlay.port}` }];
  });
  return clashes(claims, ({ key }) => ({ code: 'DuplicateVNI', message: `VNI ${key} is also that of` }));
}

/** An error for each of `blocks` that overlaps blocks of other objects. */
function overlapErrors(
  blocks: readonly Block[],
  others: readonly Block[],
  code: CrossErrorCode,
): readonly CrossError[] {
  const overlapping = overlapsWith(others);
  return blocks.flatMap((claim) => {
    const issue = overlapping(claim, code);
    return issue === undefined ? [] : [crossError(claim, issue)];
  });
}

/** @returns a function that tells which of `blocks` overlap the block of another object */
function overlapsWith(
  blocks: readonly Block[],
): (claim: Block, code: CrossErrorCode) => CrossIssue | undefined {
  const all = indexSubnets(blocks, ({ cidr }) => cidr);
  const own = new Map(
    [...Map.groupBy(blocks, ({ object }) => refKey(object))].map(([key, same]) => [
      key,
      indexSubnets(same, ({ cidr }) => cidr),
    ]),
  );
  return (claim, code) => {
    const mine = own.get(refKey(claim.object))?.(claim.cidr, 0).total ?? 0;
    const { items, total } = all(claim.cidr, MAX_LISTED + mine);
    const others = firstOthers(items, claim.object);
    const [first] = others;
    if (first === undefined) return undefined;
    return { code, message: `${claim.text} overlaps ${first.text} of`, others, total: total - mine };
  };
}

/** The pod network of a Node lies in the range of its first Network, and in no other's. */
function rangeErrors(pods: readonly Block[], ranges: readonly Block[]): readonly CrossError[] {
  const byNetwork = new Map(ranges.toReversed().map((range) => [range.object.name, range]));
  const overlapping = overlapsWith(ranges);
  return pods.flatMap((claim) => {
    const primary = claim.object.kind === 'Node' ? claim.object.spec.networks[0]?.network : undefined;
    const range = byNetwork.get(primary ?? '');
    const issue = range === undefined ? overlapping(claim, 'OverlappingPodCidr') : outsideRange(claim, range);
    return issue === undefined ? [] : [crossError(claim, issue)];
  });
}

function outsideRange(claim: Block, range: Block): CrossIssue | undefined {
  if (containsSubnet(range.cidr, claim.cidr)) return undefined;
  const message = `${claim.text} is outside the pod range ${range.text} of`;
  return { code: 'PodCidrOutsideRange', message, others: [range] };
}
