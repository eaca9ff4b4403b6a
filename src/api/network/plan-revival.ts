import type { NetworkAction } from './actions.ts';
import type { NetworkModel } from '../libvirt/network.ts';
import type { ObservedNetwork } from './observed.ts';
import { updateNames } from './plan-live.ts';
import { REVIVAL_RECORD } from './revival-record.ts';

/** A network that has an address has a dnsmasq, whatever it serves. */
function isDead({ dnsmasq }: ObservedNetwork, live: NetworkModel): boolean {
  return dnsmasq?.running === false && live.ip !== undefined;
}

/** Starts a dnsmasq that died, by an update of names that is taken back: no guest loses a packet (libvirt-facts T21). */
export function planRevival(observed: ObservedNetwork, live: NetworkModel): NetworkAction[] {
  if (!isDead(observed, live) || !live.dns.enabled) return [];
  return [
    updateNames('add', REVIVAL_RECORD, 'dnsmasq does not run: libvirt starts it with an update of names'),
    updateNames('delete', REVIVAL_RECORD, 'the record only made libvirt start dnsmasq'),
  ];
}

/** libvirt takes no names where DNS is off. */
export function onlyRestartRevives(observed: ObservedNetwork, live: NetworkModel): boolean {
  return isDead(observed, live) && !live.dns.enabled;
}
