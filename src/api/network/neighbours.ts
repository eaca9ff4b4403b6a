import { containsSubnet, overlaps, parseSubnet, readSubnet, type Subnet } from '../ipam/subnet.ts';
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
