import { isDeepStrictEqual } from 'node:util';
import {
  containsSubnet,
  formatSubnet,
  interfaceOf,
  overlaps,
  parseSubnet,
  readSubnet,
  type Subnet,
} from '../ipam/subnet.ts';
import type { NetworkModel } from '../libvirt/network.ts';
import type { DesiredNetwork } from './render.ts';
import type { Waiting } from '../disruption/waiting.ts';
import type { Neighbours, ObservedNetwork } from './observed.ts';

/** What a network would take of the vmhost. */
export interface Wanted {
  /** Left out: it is not asked about. */
  readonly bridge?: string;
  readonly cidr: string;
}

/** What the vmhost has beside that network. */
export type Around = Pick<Neighbours, 'networks' | 'routes' | 'bridgeNameTaken'> & {
  /** The bridge that the network has now. */
  readonly ownBridge?: string | undefined;
};

/** What on the vmhost already has the bridge's name or some of the addresses that the network shall have. */
export function findOverlap(
  { bridge, spec: { cidr } }: DesiredNetwork,
  { neighbours, live }: ObservedNetwork,
): Waiting | undefined {
  return findClash({ bridge, cidr }, { ...neighbours, ownBridge: live?.model.bridge?.name });
}

export function findClash({ bridge, cidr }: Wanted, around: Around): Waiting | undefined {
  const taken = bridge === undefined ? undefined : bridgeTaken(bridge, around);
  if (taken !== undefined) return taken;
  const block = parseSubnet(cidr);
  const network = around.networks.find((each) => meets(each.cidr, (other) => overlaps(block, other)));
  if (network !== undefined)
    return overlapping(cidr, `${network.cidr ?? ''} of the libvirt network "${network.name}"`);
  const own = new Set([bridge, around.ownBridge]);
  // A wider route, such as that of a VPN, gives way to the network's own.
  const takesOver = (other: Subnet): boolean => containsSubnet(block, other);
  const route = around.routes.find((each) => !own.has(each.dev) && meets(each.cidr, takesOver));
  return route && overlapping(cidr, `${route.cidr}, which the vmhost reaches by ${route.dev}`);
}

function bridgeTaken(bridge: string, { networks, ownBridge, bridgeNameTaken }: Around): Waiting | undefined {
  const sharing = networks.find((each) => each.bridge === bridge);
  if (sharing !== undefined) return bridgeInUse(bridge, `belongs to the libvirt network "${sharing.name}"`);
  if (ownBridge === bridge || !bridgeNameTaken) return undefined;
  return bridgeInUse(bridge, 'is an interface that libvirt did not make for it');
}

/** What a network keeps others from having. */
interface Claims {
  readonly cidr: string | undefined;
  readonly bridge: string | undefined;
}

function claimsOf({ ip, bridge }: NetworkModel): Claims {
  const block = ip && interfaceOf(ip);
  return { cidr: block && formatSubnet(block.subnet), bridge: bridge?.name };
}

/** Whether a network as `wanted` has another CIDR than one as `found`: reservations of the one are none in the other. */
export function movesAddresses(wanted: NetworkModel, found: NetworkModel): boolean {
  return claimsOf(wanted).cidr !== claimsOf(found).cidr;
}

/** Whether a network as `wanted` has a bridge or addresses that one as `found` has not. */
export function claimsAnew(wanted: NetworkModel, found: NetworkModel | undefined): boolean {
  return found === undefined || !isDeepStrictEqual(claimsOf(wanted), claimsOf(found));
}

/** libvirt networks that cannot be read: nobody knows whether the bridge and the addresses are theirs. */
export function findUnknown(wanted: NetworkModel, { neighbours }: ObservedNetwork): Waiting | undefined {
  const [first, ...others] = neighbours.unreadable;
  if (first === undefined) return undefined;
  const { cidr, bridge } = claimsOf(wanted);
  const claims = [cidr ?? [], bridge === undefined ? [] : `the bridge ${bridge}`].flat();
  const more = others.length === 0 ? '' : ` (nor can ${others.length} more)`;
  const message =
    `whether ${claims.join(' and ')} are free is not known: the libvirt network "${first.name}" cannot be read` +
    `${more}: ${first.why}; see "virsh net-dumpxml ${first.name}"`;
  return { reason: 'NetworksUnknown', message };
}

function meets(cidr: string | undefined, test: (subnet: Subnet) => boolean): boolean {
  const subnet = readSubnet(cidr ?? '');
  return subnet !== undefined && test(subnet);
}

function overlapping(cidr: string, what: string): Waiting {
  return { reason: 'CIDRConflict', message: `${cidr} overlaps ${what}; choose another range` };
}

function bridgeInUse(bridge: string, why: string): Waiting {
  return { reason: 'BridgeConflict', message: `the bridge ${bridge} ${why}; choose another bridge.name` };
}
