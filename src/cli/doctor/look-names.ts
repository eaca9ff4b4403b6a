import { readIfExists } from '../../drivers/files.ts';
import { takesPort53 } from '../../drivers/vmhost/interfaces.ts';
import type { Facts } from './facts.ts';

type Names = Pick<Facts, 'nameservers' | 'hostsSources' | 'port53Taken' | 'ipForward'>;

/** How the vmhost resolves names, and what stands in the way of a network's own DNS. */
export async function lookAtNames(etc = '/etc', proc = '/proc'): Promise<Names> {
  const [resolv, nsswitch, udp, forward] = await Promise.all(
    [`${etc}/resolv.conf`, `${etc}/nsswitch.conf`, `${proc}/net/udp`, `${proc}/sys/net/ipv4/ip_forward`].map(
      (path) => readIfExists(path).catch(() => undefined),
    ),
  );
  return {
    nameservers: matches(resolv ?? '', /^[ \t]*nameserver[ \t]+(\S+)/gm),
    // Without the file, or the line, the C library takes dns and then files.
    hostsSources: matches(nsswitch ?? '', /^[ \t]*hosts:(.*)$/gm)[0]?.trim() ?? 'dns files',
    port53Taken: udp === undefined ? { unknown: 'there is no /proc/net/udp' } : takesPort53([udp]),
    ipForward:
      forward === undefined ? { unknown: 'net.ipv4.ip_forward cannot be read' } : forward.trim() === '1',
  };
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, found = '']) => found);
}
