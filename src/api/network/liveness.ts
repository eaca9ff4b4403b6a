import type { DhcpHost, NetworkModel } from '../libvirt/network.ts';
import type { NetworkEntry } from '../ipam/entry.ts';
import { NameSet } from './foreign.ts';
import type { ObservedNetwork } from './observed.ts';

/** Whether a reservation says what the entry asks for. */
export function isReservation(host: DhcpHost | undefined, entry: NetworkEntry): boolean {
  return host?.mac === entry.mac && host.ip === entry.ip && host.name === entry.hostnames[0];
}

/** Answers whether the network's next start knows an entry. */
export function definedEntries({
  config,
}: Pick<ObservedNetwork, 'config'>): (entry: NetworkEntry) => boolean {
  return reservationsIn(config?.model);
}

/** Answers whether a model reserves what an entry asks for. */
export function reservationsIn(model: NetworkModel | undefined): (entry: NetworkEntry) => boolean {
  const byMac = Map.groupBy(model?.hosts ?? [], ({ mac }) => mac);
  return (entry) => byMac.get(entry.mac)?.some((host) => isReservation(host, entry)) === true;
}

/**
 * Answers whether a guest with an entry gets its address and its names now: what is live is the running network's XML
 * and the files together.
 */
export function liveEntries({
  live,
  hostFiles,
  dnsmasq,
}: Pick<ObservedNetwork, 'live' | 'hostFiles' | 'dnsmasq'>): (entry: NetworkEntry) => boolean {
  if (live === undefined || dnsmasq?.running === false) return () => false;
  const { hosts, dns } = live.model;
  const isInXml = reservationsIn(live.model);
  const files = new Map(hostFiles.reservations.map((host) => [host.mac, host]));
  const holders = Map.groupBy(hosts, ({ ip }) => ip);
  const names = new NameSet([...dns.hosts, ...hostFiles.names]);
  return (entry) => {
    // dnsmasq refuses a line of the file when the XML has the address for another MAC address.
    const refused = holders.get(entry.ip)?.some(({ mac }) => mac !== entry.mac) === true;
    const reserved = isReservation(files.get(entry.mac), entry) || isInXml(entry);
    return reserved && !refused && entry.hostnames.every((name) => names.has(entry.ip, name));
  };
}
