import { condition } from '../conditions.ts';
import type { ConditionInput } from '../meta.ts';
import { VXLAN_OVERHEAD } from '../ipam/overlay-mtu.ts';
import type { DesiredOverlay } from './overlay.ts';
import type { ObservedNetwork } from './observed.ts';
import { overlayConflict } from './plan-overlay.ts';
import type { NetworkStatus } from './object.ts';

const TYPE = 'OverlayReady';

/** Whether guests reach those of other vmhosts, as far as this one can know. Ready does not depend on it. */
export function overlayCondition(
  network: string,
  observed: Pick<ObservedNetwork, 'overlay' | 'overlayUnread'>,
  desired: DesiredOverlay | undefined,
  isDone: boolean,
): ConditionInput {
  const { overlay, overlayUnread } = observed;
  if (desired === undefined) {
    const message = 'where the other vmhosts are is not known: an API server tells (source.kubeconfig)';
    return condition(TYPE, 'Unknown', 'PeersUnknown', message);
  }
  if (overlay === undefined) {
    return condition(TYPE, 'Unknown', 'LookFailed', overlayUnread ?? 'it has not been looked at yet');
  }
  const conflict = overlayConflict(network, desired, overlay);
  if (conflict !== undefined) return condition(TYPE, 'False', 'Conflict', conflict);
  if (!isDone) return condition(TYPE, 'False', 'NotSetUp', 'not all that it needs is there yet');
  return reached(desired, overlay.underlay);
}

type Observed = NonNullable<ObservedNetwork['overlay']>;

function reached({ device, vmhosts }: DesiredOverlay, underlay: Observed['underlay']): ConditionInput {
  if (underlay === undefined) return condition(TYPE, 'True', 'Connected', 'no other vmhost has guests of it');
  const { mtu, unreachable } = underlay;
  if (mtu === undefined) {
    const message = `no interface of the vmhost has its address ${device.local} (source.address)`;
    return condition(TYPE, 'False', 'AddressMissing', message);
  }
  if (mtu < device.mtu + VXLAN_OVERHEAD) {
    const message = `frames of ${device.mtu} bytes do not fit: ${device.local} is on an interface with the MTU ${mtu}, and VXLAN adds ${VXLAN_OVERHEAD} (mtu)`;
    return condition(TYPE, 'False', 'MTUTooLarge', message);
  }
  if (unreachable.length > 0) {
    const names = unreachable.map(
      ({ address, why }) => `${vmhosts.get(address) ?? 'a vmhost'} at ${address} (${why})`,
    );
    return condition(TYPE, 'False', 'PeerUnreachable', `not reached: ${names.join(', ')}`);
  }
  return condition(TYPE, 'True', 'Connected', `${vmhosts.size} other vmhost${vmhosts.size === 1 ? '' : 's'}`);
}

export function overlayStatus(
  { device, flood, guests }: DesiredOverlay,
  observed: Pick<ObservedNetwork, 'overlay'>,
): NonNullable<NetworkStatus['overlay']> {
  const { unreachable = [] } = observed.overlay?.underlay ?? {};
  return {
    device: device.name,
    vni: device.vni,
    local: device.local,
    peers: flood.size,
    unreachable: unreachable.length,
    guests: guests.size,
  };
}
