import { createSocket, type Socket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { readIfExists } from './files.ts';

export interface AnsweringOptions {
  /** Default /proc/net/arp. */
  readonly arpFile?: string;
  /** UDP port that a datagram goes to; default 9, discard. */
  readonly port?: number;
  /** Default setTimeout of node:timers/promises. */
  readonly delay?: (ms: number) => Promise<unknown>;
}

/** A machine on the same bridge answers within milliseconds, one that is busy booting somewhat later. */
const WAIT_MS = 300;
/** The kernel remembers some hundred neighbours. */
const AT_ONCE = 128;
const COMPLETE = 0x2;

/**
 * Those of the addresses that some machine answers on: it refuses a datagram, or the kernel learns its MAC address. A
 * machine that the kernel knew before and that drops datagrams goes unnoticed. Nothing is sent but one datagram each.
 */
export async function answering(
  addresses: readonly string[],
  options: AnsweringOptions = {},
): Promise<string[]> {
  const found: string[] = [];
  for (let at = 0; at < addresses.length; at += AT_ONCE) {
    found.push(...(await answeringOf(addresses.slice(at, at + AT_ONCE), options)));
  }
  return found;
}

async function answeringOf(addresses: readonly string[], options: AnsweringOptions): Promise<string[]> {
  const { arpFile = '/proc/net/arp', port = 9, delay = sleep } = options;
  const before = await knownNeighbours(arpFile);
  const refused = new Set<string>();
  const sockets = addresses.map((address) => ask(address, port, () => refused.add(address)));
  try {
    await delay(WAIT_MS);
    const after = await knownNeighbours(arpFile);
    return addresses.filter(
      (address) => refused.has(address) || (after.has(address) && !before.has(address)),
    );
  } finally {
    for (const socket of sockets) socket.close();
  }
}

function ask(address: string, port: number, onRefused: () => void): Socket {
  const socket = createSocket('udp4');
  socket.on('error', (error: NodeJS.ErrnoException) => {
    // EHOSTUNREACH says that nobody is there.
    if (error.code === 'ECONNREFUSED') onRefused();
  });
  socket.connect(port, address, () => {
    socket.send('');
  });
  return socket;
}

/** Addresses whose MAC address the kernel knows. */
async function knownNeighbours(arpFile: string): Promise<Set<string>> {
  const rows = ((await readIfExists(arpFile)) ?? '').split('\n').slice(1);
  return new Set(
    rows.flatMap((row) => {
      const [ip = '', , flags = '0'] = row.trim().split(/\s+/);
      return (Number(flags) & COMPLETE) === 0 ? [] : [ip];
    }),
  );
}
