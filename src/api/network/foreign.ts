import type { DhcpHost, DnsHost, NetworkModel } from '../libvirt/network.ts';
import type { NetworkMark } from '../ownership/mark.ts';

/** One name of one address. */
export interface NameRecord {
  readonly ip: string;
  readonly name: string;
}

/** The reservations and names in a network that do not carry our mark. */
export interface ForeignEntries {
  readonly reservations: readonly ForeignReservation[];
  readonly names: readonly NameRecord[];
}

export interface ForeignReservation extends DhcpHost {
  /** The definition does not have it: it is gone at the next start. */
  readonly liveOnly: boolean;
}

type Names = readonly string[] | Set<string>;

/** So few names of one address are found in their list at once: a network has a thousand addresses with one or two. */
const FEW = 8;

/** Pairs of an address and a name. A name alone says nothing: it may have one address of ours and a foreign one. */
export class NameSet {
  readonly #names = new Map<string, Names>();

  constructor(hosts: readonly DnsHost[]) {
    for (const { ip, hostnames } of hosts) {
      const known = this.#names.get(ip);
      if (known instanceof Set) for (const name of hostnames) known.add(name);
      else if (known !== undefined) this.#names.set(ip, new Set([...known, ...hostnames]));
      else this.#names.set(ip, hostnames.length > FEW ? new Set(hostnames) : hostnames);
    }
  }

  has(ip: string, name: string): boolean {
    const names = this.#names.get(ip);
    if (names === undefined) return false;
    return names instanceof Set ? names.has(name) : names.includes(name);
  }
}

/** Names that the marks say k8slab wrote. */
export function ownNames(marks: readonly NetworkMark[]): NameSet {
  return new NameSet(marks.flatMap(({ entries, records }) => [...entries, ...records]));
}

/** MAC addresses whose reservations the marks say k8slab wrote. */
export function ownMacs(marks: readonly NetworkMark[]): Set<string> {
  return new Set(marks.flatMap(({ entries, former = [] }) => [...entries.map(({ mac }) => mac), ...former]));
}

export function marksOf(...models: readonly (NetworkModel | undefined)[]): NetworkMark[] {
  return models.map((model) => model?.mark).filter((mark) => mark !== undefined);
}

/** What others put into the definition, and into the running network only. */
export function foreignEntries(
  config: NetworkModel | undefined,
  live: NetworkModel | undefined,
): ForeignEntries {
  const marks = marksOf(config, live);
  const [macs, names] = [ownMacs(marks), ownNames(marks)];
  const defined = new Set(config?.hosts.map(reservationKey));
  const isForeign = ({ mac }: DhcpHost): boolean => mac === undefined || !macs.has(mac);
  const liveOnly = (live?.hosts ?? []).filter((host) => !defined.has(reservationKey(host)));
  return {
    reservations: [
      ...(config?.hosts ?? []).filter(isForeign).map((host) => ({ ...host, liveOnly: false })),
      ...liveOnly.filter(isForeign).map((host) => ({ ...host, liveOnly: true })),
    ],
    names: [...(config?.dns.hosts ?? []), ...(live?.dns.hosts ?? [])].flatMap(({ ip, hostnames }) =>
      hostnames.filter((name) => !names.has(ip, name)).map((name) => ({ ip, name })),
    ),
  };
}

function reservationKey({ mac = '', ip, name = '' }: DhcpHost): string {
  return `${mac} ${ip} ${name}`;
}
