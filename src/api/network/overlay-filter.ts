import { contentHash } from '../canonical.ts';
import type { OverlayFilter } from './actions.ts';

/** IPv4 and TCP without options. */
const TCP_OVERHEAD = 40;

/**
 * Gateway, DHCP and the bridge's own protocols stay those of each vmhost. Guests that still have the MTU from before the overlay
 * agree on TCP segments that fit: a bridge drops what is too large without a word.
 */
export function overlayFilter(of: {
  readonly gateway: string;
  readonly gatewayMac: string;
  readonly mtu: number;
}): OverlayFilter {
  const { gateway, gatewayMac, mtu } = of;
  const segment = mtu - TCP_OVERHEAD;
  const rules = [
    `ether saddr ${gatewayMac} drop`,
    `ether daddr ${gatewayMac} drop`,
    // The bridges have one MAC address: each would take another's STP for its own, in a loop.
    'ether daddr & ff:ff:ff:ff:ff:f0 == 01:80:c2:00:00:00 drop',
    `arp saddr ip ${gateway} drop`,
    `arp daddr ip ${gateway} drop`,
    'udp dport { 67, 68 } drop',
    `tcp flags syn tcp option maxseg size > ${segment} tcp option maxseg size set ${segment}`,
  ];
  return { chain: `in-${contentHash(rules).slice(0, 12)}`, rules };
}
