import { canonicalJson } from '../canonical.ts';
import type { NetworkMark } from '../ownership/mark.ts';
import type { DhcpHost, DnsHost, NetworkModel } from '../libvirt/network.ts';
import { desiredDnsHosts, type DesiredNetwork } from './render.ts';
import { element, renderXml } from '../xml.ts';
import { step, type Cost, type HostFiles, type NetworkAction } from '../disruption/action.ts';
import type { ObservedNetwork } from './observed.ts';
import type { NetworkEntry } from '../ipam/entry.ts';

/** Brings the running dnsmasq to `desired` by what costs least: files first, net-update for what they cannot do. */
export function planLive(
  desired: DesiredNetwork,
  observed: ObservedNetwork,
  live: NetworkModel,
  felt: Cost,
): NetworkAction[] {
  const owned = [observed.config?.model.mark, live.mark].filter((mark) => mark !== undefined);
  const removals = [...staleNames(desired, live, owned), ...reservationsInTheWay(desired, live, owned, felt)];
  const remaining = withoutRemoved(live, removals);
  const files = hostFiles(desired, remaining);
  const writes = writeFiles(observed, files);
  const forgets = missing(observed.hostFiles.reservations, files.reservations);
  const reload = forgets.length > 0 ? [step('none', 'dnsmasq keeps a reservation that is gone', RELOAD)] : [];
  return [...removals.flatMap(({ actions }) => actions), ...writes, ...reload];
}

const RELOAD = { type: 'ReloadDnsmasq' } as const;

/** Something that the live XML has to lose, and how. */
export interface Removal {
  readonly actions: readonly NetworkAction[];
  readonly host?: DhcpHost;
  readonly names?: DnsHost;
}

/** Names of ours that the live XML answers with an address they no longer have (T23: both would be answered). */
export function staleNames(
  desired: DesiredNetwork,
  live: NetworkModel,
  owned: readonly NetworkMark[],
): Removal[] {
  const wanted = new Map(desiredDnsHosts(desired).map((host) => [host.ip, host]));
  const ours = new Set(
    owned.flatMap((mark) => [...mark.entries, ...mark.records]).flatMap((host) => host.hostnames),
  );
  return live.dns.hosts
    .filter((host) =>
      host.hostnames.some((name) => ours.has(name) && wanted.get(host.ip)?.hostnames.includes(name) !== true),
    )
    .map((names) => ({ names, foreign: names.hostnames.filter((name) => !ours.has(name)) }))
    .map(({ names, foreign }) => ({
      names,
      actions: [
        updateNames('delete', names, `${names.ip} no longer has the name ${names.hostnames.join(', ')}`),
        // libvirt takes out the whole host, with the names that others put there.
        ...(foreign.length === 0
          ? []
          : [updateNames('add', { ...names, hostnames: foreign }, 'these names are not of k8slab and stay')]),
      ],
    }));
}

export type UpdateNetwork = Extract<NetworkAction, { type: 'UpdateNetwork' }>;

export function updateNames(
  command: 'add' | 'delete',
  { ip, hostnames }: DnsHost,
  reason: string,
): UpdateNetwork {
  const names = hostnames.map((name) => element('hostname', {}, [name]));
  const xml = renderXml(element('host', { ip }, names));
  return step('none', reason, { type: 'UpdateNetwork' as const, command, section: 'dns-host', xml });
}

/** Reservations of ours in the live XML that hold an address another MAC shall have: dnsmasq would refuse the file's. */
function reservationsInTheWay(
  desired: DesiredNetwork,
  live: NetworkModel,
  owned: readonly NetworkMark[],
  felt: Cost,
): Removal[] {
  const ours = new Set(owned.flatMap((mark) => mark.entries.map((entry) => entry.mac)));
  return live.hosts
    .filter((host) => host.mac !== undefined && ours.has(host.mac))
    .filter((host) => desired.entries.some((entry) => entry.ip === host.ip && entry.mac !== host.mac))
    .map((host) => removeReservation(host, felt));
}

/** @param felt by whom and how long; nobody where no guest runs on the network */
export function removeReservation(host: DhcpHost, felt: Cost): Removal {
  const xml = renderXml(element('host', { mac: host.mac, name: host.name, ip: host.ip }));
  const reason = `${host.ip} is reserved for ${host.mac ?? ''}, which no longer has it`;
  const action = { type: 'UpdateNetwork', command: 'delete', section: 'ip-dhcp-host', xml } as const;
  return { host, actions: [step(felt.guests === undefined ? 'none' : 'uplink', reason, action, felt)] };
}

export function withoutRemoved(live: NetworkModel, removals: readonly Removal[]): NetworkModel {
  const hosts = live.hosts.filter((host) => !removals.some((removal) => removal.host === host));
  const names = live.dns.hosts.filter((host) => !removals.some((removal) => removal.names === host));
  return { ...live, hosts, dns: { ...live.dns, hosts: names } };
}

/** What the live XML does not carry yet. */
function hostFiles(desired: DesiredNetwork, live: NetworkModel): HostFiles {
  const reservations = desired.entries
    .filter((entry) => !live.hosts.some((host) => isReservation(host, entry)))
    .map((entry) => ({ mac: entry.mac, ip: entry.ip, name: entry.hostnames[0] ?? entry.node }));
  const names = desiredDnsHosts(desired)
    .map(({ ip, hostnames }) => {
      const known = live.dns.hosts.find((host) => host.ip === ip)?.hostnames ?? [];
      return { ip, hostnames: hostnames.filter((name) => !known.includes(name)) };
    })
    .filter(({ hostnames }) => hostnames.length > 0);
  return { reservations, names };
}

function isReservation(host: DhcpHost, entry: NetworkEntry): boolean {
  return host.mac === entry.mac && host.ip === entry.ip && host.name === entry.hostnames[0];
}

export function writeFiles(observed: ObservedNetwork, files: HostFiles): NetworkAction[] {
  if (canonicalJson(files) === canonicalJson(observed.hostFiles) && observed.active) return [];
  const reason = observed.active
    ? `dnsmasq does not know ${changedNames(observed.hostFiles, files)} yet`
    : 'dnsmasq reads these directories from its start';
  return [step('none', reason, { type: 'WriteHostFiles', files })];
}

function changedNames(before: HostFiles, after: HostFiles): string {
  const changed = [
    ...missing(after.reservations, before.reservations).map(({ name }) => name),
    ...missing(after.names, before.names).flatMap(({ hostnames }) => hostnames),
  ];
  return changed.length === 0 ? 'what is gone' : [...new Set(changed)].join(', ');
}

function missing<T>(from: readonly T[], inThese: readonly T[]): T[] {
  const known = new Set(inThese.map(canonicalJson));
  return from.filter((item) => !known.has(canonicalJson(item)));
}

/** Whether the network's next start knows the entry. */
export function isDefined(entry: NetworkEntry, { config }: ObservedNetwork): boolean {
  return config?.model.hosts.some((host) => isReservation(host, entry)) === true;
}

/** Whether a guest with this entry gets its address and name now: what is live is the live XML and the files together. */
export function isLive(entry: NetworkEntry, observed: Pick<ObservedNetwork, 'live' | 'hostFiles'>): boolean {
  const live = observed.live?.model;
  if (live === undefined) return false;
  const inFile = observed.hostFiles.reservations.some(
    ({ mac, ip, name }) => mac === entry.mac && ip === entry.ip && name === entry.hostnames[0],
  );
  // dnsmasq refuses a line of the file when the XML has the address for another MAC.
  const refused = live.hosts.some(({ mac, ip }) => ip === entry.ip && mac !== entry.mac);
  const known = [...live.dns.hosts, ...observed.hostFiles.names].filter(({ ip }) => ip === entry.ip);
  const resolves = entry.hostnames.every((name) => known.some(({ hostnames }) => hostnames.includes(name)));
  return resolves && !refused && (inFile || live.hosts.some((host) => isReservation(host, entry)));
}
