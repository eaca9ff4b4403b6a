import { isCidr, overlaps, parseCidr } from '../ipam/ip.ts';
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
  const network = neighbours.networks.find(({ cidr }) => meets(desired, cidr));
  if (network !== undefined) {
    return overlapping(desired, `${network.cidr ?? ''} of the libvirt network "${network.name}"`);
  }
  const route = neighbours.routes.find(({ dev, cidr }) => !own.has(dev) && meets(desired, cidr));
  return route && overlapping(desired, `${route.cidr}, which the vmhost reaches by ${route.dev}`);
}

function meets({ spec }: DesiredNetwork, cidr: string | undefined): boolean {
  return cidr !== undefined && isCidr(cidr) && overlaps(parseCidr(spec.cidr), parseCidr(cidr));
}

function overlapping({ spec }: DesiredNetwork, what: string): Waiting {
  return { reason: 'CIDRConflict', message: `${spec.cidr} overlaps ${what}; choose another range` };
}

function bridgeInUse({ bridge }: DesiredNetwork, why: string): Waiting {
  return { reason: 'BridgeConflict', message: `the bridge ${bridge} ${why}; choose another bridge.name` };
}
