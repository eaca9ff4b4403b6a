import { type Cidr, contains, hosts, netmask, parseCidr, toNumber } from './ip.ts';
import type { NetworkSpec } from '../network/spec.ts';

export interface NetworkAddresses {
  readonly cidr: Cidr;
  readonly netmask: string;
  readonly gateway: number;
  /** What dnsmasq hands out to machines without a reservation, and what addresses left out are taken from. */
  readonly dhcp: { readonly start: number; readonly end: number };
}

type AddressFields = Pick<NetworkSpec, 'cidr' | 'gateway' | 'dhcp'>;

/** libvirt refuses a DHCP range whose ends differ in their first two bytes. */
const DHCP_BLOCK = 2 ** 16;

/** The addresses of a Network with what its manifest leaves out filled in. The spec must have passed validation. */
export function networkAddresses(spec: AddressFields): NetworkAddresses {
  const cidr = parseCidr(spec.cidr);
  const { first, last } = hosts(cidr);
  const gateway = spec.gateway === undefined ? first : toNumber(spec.gateway);
  const free = { first: first === gateway ? first + 1 : first, last: last === gateway ? last - 1 : last };
  return { cidr, netmask: netmask(cidr.prefix), gateway, dhcp: dhcpRange(spec.dhcp, free) };
}

/** Whether a machine may have the address: in the network, and neither its first, its last nor the gateway. */
export function isUsable(network: NetworkAddresses, address: number): boolean {
  const { first, last } = hosts(network.cidr);
  return (
    contains({ ...network.cidr, network: first, broadcast: last }, address) && address !== network.gateway
  );
}

function dhcpRange(
  given: AddressFields['dhcp'],
  free: { readonly first: number; readonly last: number },
): NetworkAddresses['dhcp'] {
  const givenEnd = given.end === undefined ? undefined : toNumber(given.end);
  const start =
    given.start === undefined ? Math.max(free.first, blockStart(givenEnd)) : toNumber(given.start);
  return { start, end: givenEnd ?? Math.min(free.last, blockStart(start) + DHCP_BLOCK - 1) };
}

function blockStart(address = 0): number {
  return address - (address % DHCP_BLOCK);
}
