import type { NetworkSpec } from '../network/spec.ts';
import { formatAddress, parseAddress, type Address } from './address.ts';
import { excluding, readRange, type Range } from './ranges.ts';
import { contains, hosts, netmask, parseSubnet, type Subnet } from './subnet.ts';

/** The addresses of a Network as values, made once for whoever asks about them. */
export interface NetworkAddresses {
  readonly subnet: Subnet;
  readonly netmask: string;
  readonly gateway: Address;
  /** What addresses left out are taken from. */
  readonly dhcp: Range;
  /** Addresses that nobody is given unless a manifest names them. */
  readonly excluded: readonly Range[];
}

type AddressFields = Pick<NetworkSpec, 'cidr' | 'gateway' | 'dhcp'>;
type DhcpFields = NetworkSpec['dhcp'];

/** libvirt refuses a DHCP range whose ends differ in their first two bytes. */
const DHCP_BLOCK = 2n ** 16n;

/** The addresses of a Network with what its manifest leaves out filled in. The spec must have passed validation. */
export function networkAddresses(spec: AddressFields): NetworkAddresses {
  const subnet = parseSubnet(spec.cidr);
  const { first, last } = hosts(subnet);
  const gateway =
    spec.gateway === undefined ? { family: subnet.family, value: first } : parseAddress(spec.gateway);
  const free = {
    first: first === gateway.value ? first + 1n : first,
    last: last === gateway.value ? last - 1n : last,
  };
  return {
    subnet,
    netmask: netmask(subnet.prefix),
    gateway,
    dhcp: dhcpRange(spec.dhcp, free),
    excluded: (spec.dhcp.exclude ?? []).flatMap((text) => readRange(text) ?? []),
  };
}

/** Whether a machine may have the address: in the network, and neither its first, its last nor the gateway. */
export function isUsable({ subnet, gateway }: NetworkAddresses, address: Address): boolean {
  const { first, last } = hosts(subnet);
  const { value } = address;
  return contains(subnet, address) && value >= first && value <= last && value !== gateway.value;
}

/** What dnsmasq hands out to machines without a reservation: the DHCP range without what is excluded. */
export function dynamicRanges({
  subnet,
  dhcp,
  excluded,
}: NetworkAddresses): { start: string; end: string }[] {
  const text = (value: bigint): string => formatAddress({ family: subnet.family, value });
  return excluding(dhcp, excluded).map(({ first, last }) => ({ start: text(first), end: text(last) }));
}

function dhcpRange(given: DhcpFields, free: Range): Range {
  const end = given.end === undefined ? undefined : parseAddress(given.end).value;
  const first =
    given.start === undefined ? max(free.first, blockStart(end)) : parseAddress(given.start).value;
  return { first, last: end ?? min(free.last, blockStart(first) + DHCP_BLOCK - 1n) };
}

/** Whether libvirt takes the range. */
export function isOneBlock({ first, last }: Range): boolean {
  return blockStart(first) === blockStart(last);
}

function blockStart(value = 0n): bigint {
  return value - (value % DHCP_BLOCK);
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
