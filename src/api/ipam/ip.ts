import { Address4 } from 'ip-address';
import { ReasonedError } from '../errors.ts';

/** An IPv4 network. All addresses are numbers from 0 to 2^32-1, so that they compare and sort. */
export interface Cidr {
  /** The address as written; equal to `network` where the host bits are zero. */
  readonly address: number;
  readonly prefix: number;
  /** First address of the block. */
  readonly network: number;
  /** Last address of the block. */
  readonly broadcast: number;
}

/** Whether the text is an IPv4 address, written canonically: four numbers without leading zeros. */
export function isAddress(text: string): boolean {
  return Address4.isValid(text) && new Address4(text).correctForm() === text;
}

/** The number of a dotted quad; throws a ReasonedError unless it is written canonically. */
export function toNumber(address: string): number {
  if (isAddress(address)) return Number(new Address4(address).bigInt());
  throw new ReasonedError('InvalidAddress', `cannot read address "${address}": it is not an IPv4 address`);
}

/** The dotted quad of a number from 0 to 2^32-1. */
export function fromNumber(address: number): string {
  if (!Number.isInteger(address) || address < 0 || address > 0xff_ff_ff_ff) {
    throw new ReasonedError('InvalidAddress', `cannot write address ${address}: it is not an IPv4 address`);
  }
  return Address4.fromBigInt(BigInt(address)).correctForm();
}

/** Whether the text is an address and a prefix length; host bits may be set. */
export function isCidr(text: string): boolean {
  const [address = '', prefix = '', ...rest] = text.split('/');
  return rest.length === 0 && isAddress(address) && /^(3[0-2]|[12]?[0-9])$/.test(prefix);
}

/** Reads `192.168.111.0/24`; host bits may be set (see `isNetwork`). Throws a ReasonedError otherwise. */
export function parseCidr(text: string): Cidr {
  const [address = '', prefix = ''] = text.split('/');
  if (isCidr(text)) return cidrOf(toNumber(address), Number(prefix));
  throw new ReasonedError('InvalidNetwork', `cannot read network "${text}": write it as 192.168.111.0/24`);
}

/** The block of `prefix` that holds `address`. */
export function cidrOf(address: number, prefix: number): Cidr {
  const size = 2 ** (32 - prefix);
  const network = address - (address % size);
  return { address, prefix, network, broadcast: network + size - 1 };
}

/** Whether no host bits are set. */
export function isNetwork(cidr: Cidr): boolean {
  return cidr.address === cidr.network;
}

/** The canonical text: the network's address and the prefix. */
export function formatCidr(cidr: Cidr): string {
  return `${fromNumber(cidr.network)}/${cidr.prefix}`;
}

export function contains(cidr: Cidr, address: number): boolean {
  return address >= cidr.network && address <= cidr.broadcast;
}

/** Whether all of `inner` lies in `outer`. */
export function containsCidr(outer: Cidr, inner: Cidr): boolean {
  return contains(outer, inner.network) && contains(outer, inner.broadcast);
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.network <= b.broadcast && b.network <= a.broadcast;
}

/** First and last address that a machine may have; empty (`first > last`) for /31 and /32. */
export function hosts(cidr: Cidr): { readonly first: number; readonly last: number } {
  return { first: cidr.network + 1, last: cidr.broadcast - 1 };
}

/** `255.255.255.0` for 24. */
export function netmask(prefix: number): string {
  return fromNumber(2 ** 32 - 2 ** (32 - prefix));
}

/** 24 for `255.255.255.0`; undefined for what is no netmask. */
function prefixOf(mask: string): number | undefined {
  return Array.from({ length: 33 }, (_, prefix) => prefix).find((prefix) => netmask(prefix) === mask);
}

/** The block of an address as libvirt writes it, with a prefix or a netmask; undefined where it is no IPv4 block. */
export function blockOf(ip: { address: string; netmask?: string; prefix?: string }): Cidr | undefined {
  const prefix = ip.prefix === undefined ? prefixOf(ip.netmask ?? '') : Number(ip.prefix);
  return isAddress(ip.address) && prefix !== undefined ? cidrOf(toNumber(ip.address), prefix) : undefined;
}
