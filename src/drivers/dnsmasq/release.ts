import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { ReasonedError } from '../../api/errors.ts';
import { ioError } from '../io-errors.ts';

/** What a DHCPRELEASE names (RFC 2131, RFC 2132). */
export interface Release {
  /** Address of the DHCP server, which is also the vmhost's own on that network. */
  readonly server: string;
  readonly ip: string;
  readonly mac: string;
  /** Hexadecimal with colons. */
  readonly clientId?: string;
}

const SERVER_PORT = 67;
const MESSAGE_TYPE = 53;
const SERVER_IDENTIFIER = 54;
const CLIENT_IDENTIFIER = 61;
const DHCPRELEASE = 7;
const MAGIC = Buffer.from('63825363', 'hex');
/** The fixed part of a BOOTP message, and room for what follows. */
const [HEADER, SIZE] = [236, 576];

/** The message that a client would send. */
export function encodeRelease({ server, ip, mac, clientId }: Release, transaction: Buffer): Buffer {
  const message = Buffer.alloc(SIZE);
  message.set([1, 1, 6, 0]);
  transaction.copy(message, 4, 0, 4);
  message.set(octets(ip), 12);
  message.set(hex(mac), 28);
  const options = [
    option(MESSAGE_TYPE, [DHCPRELEASE]),
    option(SERVER_IDENTIFIER, octets(server)),
    ...(clientId === undefined ? [] : [option(CLIENT_IDENTIFIER, hex(clientId))]),
    Buffer.from([255]),
  ];
  Buffer.concat([MAGIC, ...options]).copy(message, HEADER);
  return message;
}

function option(code: number, value: Uint8Array | number[]): Buffer {
  return Buffer.concat([Buffer.from([code, value.length]), Buffer.from(value)]);
}

function octets(ip: string): number[] {
  return ip.split('.').map(Number);
}

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(':', ''), 'hex');
}

/**
 * Gives a lease back in the name of a client. Sent from the server's own address as a broadcast: that one leaves by the
 * bridge and comes back from there, while dnsmasq does not listen to what comes from the loopback interface.
 */
export async function sendRelease(release: Release): Promise<void> {
  const socket = createSocket('udp4');
  try {
    const bound = Promise.withResolvers<undefined>();
    socket.once('error', bound.reject);
    socket.bind(0, release.server, () => bound.resolve(undefined));
    await bound.promise;
    socket.setBroadcast(true);
    const sent = Promise.withResolvers<undefined>();
    const message = encodeRelease(release, randomBytes(4));
    socket.send(message, SERVER_PORT, '255.255.255.255', (error) => {
      if (error === null) sent.resolve(undefined);
      else sent.reject(error);
    });
    await sent.promise;
  } catch (error) {
    if (error instanceof ReasonedError) throw error;
    throw await ioError('release lease of', release.ip, error);
  } finally {
    socket.close();
  }
}
