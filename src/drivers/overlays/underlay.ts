import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { Underlay } from '../../api/network/overlay-observed.ts';
import { readIfExists } from '../files.ts';

export interface UnderlayOptions {
  /** Default /proc/net/arp. */
  readonly arpFile?: string;
  /** Default /sys/class/net. */
  readonly sysDir?: string;
  /** Name of the interface that has an address; default by node:os. */
  readonly interfaceOf?: (address: string) => string | undefined;
  /** Whether the kernel has a route to an address; default asks it by a socket, which sends nothing. */
  readonly hasRoute?: (address: string) => Promise<boolean>;
}

const COMPLETE = 0x2;
/** VXLAN's own; what a socket is connected to does not matter, since nothing is sent. */
const PORT = 4789;

/** A vmhost on the same link that does not answer ARP is seen, since frames for all are sent to each of them. */
export async function readUnderlay(
  local: string,
  addresses: readonly string[],
  options: UnderlayOptions,
): Promise<Underlay> {
  const { arpFile = '/proc/net/arp', sysDir = '/sys/class/net' } = options;
  const { interfaceOf = interfaceWith, hasRoute = connects } = options;
  const name = interfaceOf(local);
  const text = name === undefined ? undefined : await readIfExists(join(sysDir, name, 'mtu'));
  const silent = silentNeighbours((await readIfExists(arpFile)) ?? '');
  const routed = await Promise.all(addresses.map(hasRoute));
  const unreachable = addresses.flatMap((address, index): Underlay['unreachable'][number][] => {
    if (routed[index] === false) return [{ address, why: 'no route' }];
    return silent.has(address) ? [{ address, why: 'no answer' }] : [];
  });
  return { unreachable, ...(text === undefined ? {} : { mtu: Number(text) }) };
}

function interfaceWith(address: string): string | undefined {
  const all = Object.entries(networkInterfaces());
  return all.find(([, infos = []]) => infos.some((info) => info.address === address))?.[0];
}

function connects(address: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = createSocket('udp4');
  const end = (reached: boolean): void => {
    socket.close();
    resolve(reached);
  };
  socket.once('error', () => end(false));
  socket.connect(PORT, address, () => end(true));
  return promise;
}

/** Addresses that were asked for in vain, and still are. @param text as in /proc/net/arp */
function silentNeighbours(text: string): Set<string> {
  const rows = text.trim().split('\n').slice(1);
  return new Set(
    rows.flatMap((row) => {
      const [ip = '', , flags = '0'] = row.trim().split(/\s+/);
      return (Number(flags) & COMPLETE) === 0 ? [ip] : [];
    }),
  );
}
