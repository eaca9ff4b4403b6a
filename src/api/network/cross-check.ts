import { type Cidr, containsCidr, overlaps, parseCidr } from '../ipam/ip.ts';
import { bridgeName } from '../ipam/names.ts';
import { type Claim, clashes, crossError, type CrossIssue, sameRef } from '../manifest/clash.ts';
import type { CrossError, CrossErrorCode, ParsedObject } from '../manifest/types.ts';

type Network = ParsedObject<'Network'>;
type Node = ParsedObject<'Node'>;

interface Block extends Claim {
  readonly cidr: Cidr;
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
  return { object, path, text, cidr: parseCidr(text) };
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

/** An error for each of `blocks` that overlaps blocks of other objects. */
function overlapErrors(
  blocks: readonly Block[],
  others: readonly Block[],
  code: CrossErrorCode,
): readonly CrossError[] {
  return blocks.flatMap((claim) => {
    const hits = others.filter(
      ({ object, cidr }) => overlaps(cidr, claim.cidr) && !sameRef(object, claim.object),
    );
    const [first] = hits;
    if (first === undefined) return [];
    return [crossError(claim, { code, message: `${claim.text} overlaps ${first.text} of`, others: hits })];
  });
}

/** The pod network of a Node lies in the range of its first Network, and in no other's. */
function rangeErrors(pods: readonly Block[], ranges: readonly Block[]): readonly CrossError[] {
  return pods.flatMap((claim) => {
    const issue = rangeIssue(claim, ranges);
    return issue === undefined ? [] : [crossError(claim, issue)];
  });
}

function rangeIssue(claim: Block, ranges: readonly Block[]): CrossIssue | undefined {
  const primary = claim.object.kind === 'Node' ? claim.object.spec.networks[0]?.network : undefined;
  const range = ranges.find(({ object }) => object.name === primary);
  if (range !== undefined) {
    if (containsCidr(range.cidr, claim.cidr)) return undefined;
    const message = `${claim.text} is outside the pod range ${range.text} of`;
    return { code: 'PodCidrOutsideRange', message, others: [range] };
  }
  const hits = ranges.filter(({ cidr }) => overlaps(cidr, claim.cidr));
  const [first] = hits;
  if (first === undefined) return undefined;
  return { code: 'OverlappingPodCidr', message: `${claim.text} overlaps ${first.text} of`, others: hits };
}
