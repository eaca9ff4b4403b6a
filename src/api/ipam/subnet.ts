import { ReasonedError } from '../errors.ts';
import { BITS, formatAddress, readAddress, type Address, type Family } from './address.ts';

/** All addresses that share a prefix. */
export interface Subnet {
  readonly family: Family;
  readonly prefix: number;
  /** The network's own address. */
  readonly first: bigint;
  /** Under IPv4 the broadcast address. */
  readonly last: bigint;
}

/** An address and the subnet it is in, as an interface has them: `192.168.111.1/24`. */
export interface InterfaceAddress {
  readonly address: Address;
  readonly subnet: Subnet;
}

/** An address and its prefix length; undefined where the text is no such thing. */
export function readInterface(text: string): InterfaceAddress | undefined {
  const [head = '', prefix = '', ...rest] = text.split('/');
  const address = rest.length === 0 && /^(0|[1-9][0-9]{0,2})$/.test(prefix) ? readAddress(head) : undefined;
  if (address === undefined || Number(prefix) > BITS[address.family]) return undefined;
  return { address, subnet: subnetOf(address, Number(prefix)) };
}

/** @throws ReasonedError InvalidNetwork */
export function parseInterface(text: string): InterfaceAddress {
  const found = readInterface(text);
  if (found !== undefined) return found;
  throw new ReasonedError('InvalidNetwork', `cannot read network "${text}": write it as 192.168.111.0/24`);
}

/** The subnet that the text is in; host bits may be set (see `hasHostBits`). @throws ReasonedError InvalidNetwork */
export function parseSubnet(text: string): Subnet {
  return parseInterface(text).subnet;
}

/** As parseSubnet, undefined where the text is no such thing. */
export function readSubnet(text: string): Subnet | undefined {
  return readInterface(text)?.subnet;
}

/** The subnet of `prefix` that holds the address. */
export function subnetOf({ family, value }: Address, prefix: number): Subnet {
  const size = 1n << BigInt(BITS[family] - prefix);
  const first = value - (value % size);
  return { family, prefix, first, last: first + size - 1n };
}

/** Whether the address is another than the subnet's own. */
export function hasHostBits({ address, subnet }: InterfaceAddress): boolean {
  return address.value !== subnet.first;
}

/** The canonical text: the network's own address and the prefix. */
export function formatSubnet({ family, first, prefix }: Subnet): string {
  return `${formatAddress({ family, value: first })}/${prefix}`;
}

export function contains({ family, first, last }: Subnet, address: Address): boolean {
  return family === address.family && address.value >= first && address.value <= last;
}

/** Whether all of `inner` lies in `outer`. */
export function containsSubnet(outer: Subnet, inner: Subnet): boolean {
  return outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last;
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

/** First and last address that a machine may have; empty (`first > last`) where there is none. */
export function hosts({ family, first, last }: Subnet): { readonly first: bigint; readonly last: bigint } {
  // IPv6 has no broadcast address; its first one is that of all routers.
  return { first: first + 1n, last: family === 'ipv4' ? last - 1n : last };
}

/** `255.255.255.0` for 24. */
export function netmask(prefix: number): string {
  return formatAddress({ family: 'ipv4', value: (1n << 32n) - (1n << BigInt(32 - prefix)) });
}

const PREFIXES: ReadonlyMap<string, number> = new Map(
  Array.from({ length: 33 }, (_, prefix) => [netmask(prefix), prefix]),
);

/** What libvirt's `<ip>` says, with a prefix or a netmask; undefined where it is no block of either family. */
export function interfaceOf(ip: {
  readonly address: string;
  readonly netmask?: string;
  readonly prefix?: string;
}): InterfaceAddress | undefined {
  const prefix = ip.prefix ?? PREFIXES.get(ip.netmask ?? '');
  return prefix === undefined ? undefined : readInterface(`${ip.address}/${prefix}`);
}
