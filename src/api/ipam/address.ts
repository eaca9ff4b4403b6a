import { Address6 } from 'ip-address';
import { ReasonedError } from '../errors.ts';

export type Family = 'ipv4' | 'ipv6';

/** An IP address as a value. Values of one family compare, sort, and are keys of Maps and Sets. */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** How many bits an address of the family has. */
export const BITS: Readonly<Record<Family, number>> = { ipv4: 32, ipv6: 128 };

/** The address that the text stands for; undefined: none. IPv4 has four numbers without leading zeros. */
export function readAddress(text: string): Address | undefined {
  return text.includes(':') ? readIpv6(text) : readIpv4(text);
}

const DOTTED_QUAD = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;

function readIpv4(text: string): Address | undefined {
  const found = DOTTED_QUAD.exec(text);
  if (found === null) return undefined;
  let value = 0;
  for (let place = 1; place <= 4; place += 1) {
    const byte = Number(found[place]);
    if (byte > 255) return undefined;
    value = value * 256 + byte;
  }
  return { family: 'ipv4', value: BigInt(value) };
}

function readIpv6(text: string): Address | undefined {
  if (text.includes('/') || text.includes('%') || !Address6.isValid(text)) return undefined;
  return { family: 'ipv6', value: new Address6(text).bigInt() };
}

/** @throws ReasonedError InvalidAddress */
export function parseAddress(text: string): Address {
  const address = readAddress(text);
  if (address !== undefined) return address;
  throw new ReasonedError('InvalidAddress', `cannot read address "${text}": it is not an IP address`);
}

/** Whether the text is an IPv4 address. */
export function isIpv4(text: string): boolean {
  return readAddress(text)?.family === 'ipv4';
}

/** The canonical text: a dotted quad, or as RFC 5952 writes it. */
export function formatAddress({ family, value }: Address): string {
  if (value < 0n || value >> BigInt(BITS[family]) !== 0n) {
    throw new ReasonedError(
      'InvalidAddress',
      `cannot write address ${value}: it is not an ${family} address`,
    );
  }
  if (family === 'ipv6') return Address6.fromBigInt(value).correctForm();
  const number = Number(value);
  return [number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255].join('.');
}

/** The address that `step` leads to. */
export function shifted({ family, value }: Address, step: bigint): Address {
  return { family, value: value + step };
}

export function sameAddress(a: Address, b: Address): boolean {
  return a.family === b.family && a.value === b.value;
}

/** Whether both texts are addresses of one family: names have addresses of each of them, which are apart. */
export function areOneFamily(a: string, b: string): boolean {
  return readAddress(a)?.family === readAddress(b)?.family;
}
