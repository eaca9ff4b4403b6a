import { attribute, elements, first, type XmlElement } from '../../src/api/xml.ts';

/** Addresses as the double computes them: on its own, so that a fault of k8slab's arithmetic is not made twice. */
export function familyOf(ip: string): 'ipv4' | 'ipv6' {
  return ip.includes(':') ? 'ipv6' : 'ipv4';
}

export function number4(ip: string): number {
  return ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function text4(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

export interface Block {
  readonly base: number;
  readonly prefix: number;
}

/** The block of an IPv4 `<ip>`; undefined for IPv6. */
export function blockOf(ip: XmlElement): Block | undefined {
  const address = attribute(ip, 'address') ?? '';
  if (familyOf(address) === 'ipv6') return undefined;
  const prefix = Number(attribute(ip, 'prefix') ?? prefixOf(attribute(ip, 'netmask') ?? '255.255.255.0'));
  const size = 2 ** (32 - prefix);
  return { base: Math.floor(number4(address) / size) * size, prefix };
}

function prefixOf(netmask: string): number {
  return 32 - Math.log2(2 ** 32 - number4(netmask));
}

export function contains({ base, prefix }: Block, address: string): boolean {
  const value = number4(address);
  return familyOf(address) === 'ipv4' && value >= base && value < base + 2 ** (32 - prefix);
}

export function format({ base, prefix }: Block): string {
  return `${text4(base)}/${prefix}`;
}

export function ips(root: XmlElement): XmlElement[] {
  return elements(root, 'ip');
}

export function isV4(ip: XmlElement): boolean {
  return familyOf(attribute(ip, 'address') ?? '') === 'ipv4';
}

export function hostsOf(ip: XmlElement | undefined): XmlElement[] {
  return elements(first(ip, 'dhcp'), 'host');
}

export function rangesOf(ip: XmlElement | undefined): XmlElement[] {
  return elements(first(ip, 'dhcp'), 'range');
}
