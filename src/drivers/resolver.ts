import { Resolver } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { Address6 } from 'ip-address';
import { ReasonedError, toError } from '../api/errors.ts';
import { errnoOf } from './io-errors.ts';

export interface ResolverOptions {
  port?: number;
  /** Milliseconds for each try. */
  timeoutMs?: number;
  tries?: number;
}

/** Asks one DNS server, never the vmhost's own files. Reason of all failures: DnsUnreachable. */
export interface DnsProbe {
  /** A records, sorted; [] when there are none. */
  addresses(server: string, name: string): Promise<string[]>;
  /** PTR records, sorted; [] when there are none. */
  names(server: string, address: string): Promise<string[]>;
}

const NO_ANSWER = ['ENOTFOUND', 'ENODATA'];

/** Makes a probe; it holds nothing open between two questions. */
export function createResolver(options: ResolverOptions = {}): DnsProbe {
  const { port = 53, timeoutMs = 2_000, tries = 2 } = options;

  async function ask(
    server: string,
    name: string,
    query: (resolver: Resolver, name: string) => Promise<string[]>,
  ): Promise<string[]> {
    // A resolver of its own for every question: c-ares keeps answers and remembers servers that failed.
    const resolver = new Resolver({ timeout: timeoutMs, tries });
    try {
      resolver.setServers([isIPv6(server) ? `[${server}]:${port}` : `${server}:${port}`]);
      return (await query(resolver, name)).sort();
    } catch (error) {
      const errno = errnoOf(error) ?? '';
      if (NO_ANSWER.includes(errno)) return [];
      throw new ReasonedError(
        'DnsUnreachable',
        `cannot resolve name "${name}": ${server} ${why(errno, error)}`,
        {
          cause: error,
          hint: `see whether the network's dnsmasq runs and answers on ${server}`,
        },
      );
    }
  }

  return {
    addresses: (server, name) => ask(server, name, (resolver, it) => resolver.resolve4(it)),
    // Resolver.reverse() would answer from /etc/hosts.
    names: (server, address) => ask(server, reverseName(address), (resolver, it) => resolver.resolvePtr(it)),
  };
}

function reverseName(address: string): string {
  if (isIPv6(address)) return new Address6(address).reverseForm().replace(/\.$/, '');
  return `${address.split('.').reverse().join('.')}.in-addr.arpa`;
}

function why(errno: string, error: unknown): string {
  switch (errno) {
    case 'ETIMEOUT':
      return 'does not answer in time';
    case 'ECONNREFUSED':
      return 'takes no questions';
    case 'ESERVFAIL':
    case 'EREFUSED':
      return 'refuses to answer';
    default:
      return `fails: ${toError(error).message}`;
  }
}
