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

/** The interfaces that IPv4 default routes of the vmhost lead through, the one that is taken first. */
export async function readUplinks(path = '/proc/net/route'): Promise<string[]> {
  return parseUplinks((await readIfExists(path)) ?? '');
}

interface Line {
  readonly dev: string;
  readonly address: string;
  readonly prefix: number;
  readonly metric: number;
}

/** @param text as in /proc/net/route */
export function parseUplinks(text: string): string[] {
  const defaults = parseLines(text).filter(({ prefix }) => prefix === 0);
  return [...new Set(defaults.toSorted((a, b) => a.metric - b.metric).map(({ dev }) => dev))];
}

/** @param text as in /proc/net/route */
export function parseRoutes(text: string): Route[] {
  return parseLines(text)
    .filter(({ prefix }) => prefix > 0)
    .map(({ dev, address, prefix }) => ({ dev, cidr: `${address}/${prefix}` }));
}

/** A header, then interface, destination, gateway, flags, two counters, metric, mask, …; addresses in little-endian hex. */
function parseLines(text: string): Line[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [dev = '', destination = '', , , , , metric = '', mask = ''] = line.trim().split(/\s+/);
      if (!/^[0-9A-F]{8}$/i.test(destination) || !/^[0-9A-F]{8}$/i.test(mask)) return [];
      const prefix = bytes(mask)
        .map((byte) => byte.toString(2))
        .join('')
        .replaceAll('0', '').length;
      return [{ dev, address: bytes(destination).join('.'), prefix, metric: Number(metric) }];
    });
}

function bytes(hex: string): number[] {
  return [...Buffer.from(hex, 'hex')].reverse();
}
