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
import type { Waiting } from '../disruption/action.ts';
import type { ObservedNetwork } from './observed.ts';

/** What on the vmhost already has the bridge's name or some of the addresses that the network shall have. */
export function findOverlap(desired: DesiredNetwork, observed: ObservedNetwork): Waiting | undefined {
  const { neighbours, live } = observed;
  const own = new Set([desired.bridge, live?.model.bridge?.name]);
  const sharing = neighbours.networks.find(({ bridge }) => bridge === desired.bridge);
  if (sharing !== undefined) {
    return bridgeInUse(desired, `belongs to the libvirt network "${sharing.name}"`);
  }
  if (live?.model.bridge?.name !== desired.bridge && neighbours.bridgeNameTaken) {
    return bridgeInUse(desired, 'is an interface that libvirt did not make for it');
  }
  const block = parseSubnet(desired.spec.cidr);
  const network = neighbours.networks.find(({ cidr }) => meets(cidr, (other) => overlaps(block, other)));
  if (network !== undefined) {
    return overlapping(desired, `${network.cidr ?? ''} of the libvirt network "${network.name}"`);
  }
  // A wider route, such as that of a VPN, gives way to the network's own.
  const takesOver = (other: Subnet): boolean => containsSubnet(block, other);
  const route = neighbours.routes.find(({ dev, cidr }) => !own.has(dev) && meets(cidr, takesOver));
  return route && overlapping(desired, `${route.cidr}, which the vmhost reaches by ${route.dev}`);
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

function overlapping({ spec }: DesiredNetwork, what: string): Waiting {
  return { reason: 'CIDRConflict', message: `${spec.cidr} overlaps ${what}; choose another range` };
}

function bridgeInUse({ bridge }: DesiredNetwork, why: string): Waiting {
  return { reason: 'BridgeConflict', message: `the bridge ${bridge} ${why}; choose another bridge.name` };
}
