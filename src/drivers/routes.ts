import { readIfExists } from './files.ts';

/** A route of the vmhost. */
export interface Route {
  /** The interface it leads through. */
  readonly dev: string;
  /** `192.168.111.0/24` */
  readonly cidr: string;
}

/** The vmhost's IPv4 routes but the default ones; its addresses come with a route each. */
export async function readRoutes(path = '/proc/net/route'): Promise<Route[]> {
  return parseRoutes((await readIfExists(path)) ?? '');
}

/** @param text as in /proc/net/route: a header, then interface, destination, …, mask in little-endian hex */
export function parseRoutes(text: string): Route[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [dev = '', destination = '', , , , , , mask = ''] = line.trim().split(/\s+/);
      if (!/^[0-9A-F]{8}$/i.test(destination) || !/^[0-9A-F]{8}$/i.test(mask)) return [];
      const prefix = bytes(mask)
        .map((byte) => byte.toString(2))
        .join('')
        .replaceAll('0', '').length;
      return prefix === 0 ? [] : [{ dev, cidr: `${bytes(destination).join('.')}/${prefix}` }];
    });
}

function bytes(hex: string): number[] {
  return [...Buffer.from(hex, 'hex')].reverse();
}
