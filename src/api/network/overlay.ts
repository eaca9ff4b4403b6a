import { overlayMtu } from '../ipam/overlay-mtu.ts';
import { derivedBridgeMac, derivedVni, overlayDevice } from '../ipam/names.ts';
import type { OverlayDevice, OverlayFilter } from './actions.ts';
import { overlayFilter } from './overlay-filter.ts';
import type { NetworkSpec } from './spec.ts';

/** Where a Network's other vmhosts are, and which guest is on which of them. */
export interface OverlayPeers {
  /** IPv4 address of this vmhost, by which the others reach it. */
  readonly local: string;
  /** The other vmhosts that may have guests of the Network, by IPv4. */
  readonly peers: readonly { readonly vmhost: string; readonly address: string }[];
  /** MAC addresses of the Nodes on those. */
  readonly macs: readonly { readonly mac: string; readonly vmhost: string }[];
}

/** What makes a Network one with its like on other vmhosts. */
export interface DesiredOverlay {
  readonly device: OverlayDevice;
  readonly filter: OverlayFilter;
  /** Addresses of the vmhosts that frames for all are sent to. */
  readonly flood: ReadonlySet<string>;
  /** Address of its vmhost for each MAC address of a guest elsewhere. */
  readonly guests: ReadonlyMap<string, string>;
  /** Names of those vmhosts by their addresses. */
  readonly vmhosts: ReadonlyMap<string, string>;
}

/**
 * The spec of a Network with what its overlay asks of bridge, MTU and DHCP.
 * @param mac of the bridge that there is: it stays, since guests would look for the old one until they ask again
 */
export function withOverlay(name: string, spec: NetworkSpec, mac: string | undefined): NetworkSpec {
  const mtu = overlayMtu(spec);
  if (mtu === undefined) return spec;
  const { bridge, dns } = spec;
  const derived = bridge.mac === undefined && mac === undefined ? { mac: derivedBridgeMac(name) } : {};
  const saysMtu = dns.dnsmasqOptions.some((option) => /^dhcp-option=(.*,)?(26|option:mtu),/.test(option));
  const options = saysMtu ? [] : [`dhcp-option=option:mtu,${mtu}`];
  return {
    ...spec,
    mtu,
    bridge: { ...bridge, ...derived },
    dns: { ...dns, dnsmasqOptions: [...dns.dnsmasqOptions, ...options] },
  };
}

export function overlayAlias(network: string): string {
  return `k8slab network ${network}`;
}

export interface OverlayInput {
  readonly name: string;
  readonly spec: Pick<NetworkSpec, 'overlay' | 'mtu'>;
  /** The vmhost's own address and MAC address in the network. */
  readonly gateway: string;
  readonly gatewayMac: string;
  /** MAC addresses of guests of this vmhost: frames for them stay here, whatever the peers say. */
  readonly here: ReadonlySet<string>;
}

/** Undefined where the manifest asks for none. */
export function desireOverlay(input: OverlayInput, from: OverlayPeers): DesiredOverlay | undefined {
  const { name, here, gateway, gatewayMac } = input;
  const { overlay } = input.spec;
  const mtu = overlayMtu(input.spec);
  if (overlay === undefined || mtu === undefined) return undefined;
  const others = from.peers.filter(({ address }) => address !== from.local);
  const addressOf = new Map(others.map(({ vmhost, address }) => [vmhost, address]));
  const guests = from.macs.flatMap(({ mac, vmhost }): [string, string][] => {
    const [key, address] = [mac.toLowerCase(), addressOf.get(vmhost)];
    return address === undefined || here.has(key) ? [] : [[key, address]];
  });
  return {
    device: {
      name: overlayDevice(name),
      alias: overlayAlias(name),
      vni: overlay.vni ?? derivedVni(name),
      port: overlay.port,
      local: from.local,
      mtu,
    },
    filter: overlayFilter({ gateway, gatewayMac: gatewayMac.toLowerCase(), mtu }),
    flood: new Set(addressOf.values()),
    guests: new Map(guests),
    vmhosts: new Map(others.map(({ vmhost, address }) => [address, vmhost])),
  };
}
