import { canonicalJson } from '../canonical.ts';
import type { NetworkMark } from '../ownership/mark.ts';
import type { DhcpHost, DnsHost, NetworkModel } from '../libvirt/network.ts';
import { desiredDnsHosts, type DesiredNetwork } from './render.ts';
import { element, renderXml } from '../xml.ts';
import { step, type Cost } from '../disruption/step.ts';
import type { HostFiles, NetworkAction } from './actions.ts';
import { marksOf, NameSet, ownMacs, ownNames } from './foreign.ts';
import { reservationsIn } from './liveness.ts';
import type { ObservedNetwork } from './observed.ts';
import { isRevivalRecord } from './revival-record.ts';

/** Brings the running dnsmasq to `desired` by what costs least: files first, net-update for what they cannot do. */
export function planLive(
  desired: DesiredNetwork,
  observed: ObservedNetwork,
  live: NetworkModel,
  felt: Cost,
): NetworkAction[] {
  const owned = marksOf(observed.config?.model, live);
  const removals = [...staleNames(desired, live, owned), ...reservationsInTheWay(desired, live, owned, felt)];
  const remaining = withoutRemoved(live, removals);
  const files = hostFiles(desired, remaining);
  const writes = writeFiles(observed, files);
  const stale = observed.dnsmasq?.running === true && observed.dnsmasq.unread;
  const reload =
    writes.length > 0 || stale
      ? [step('none', 'dnsmasq forgets only when told what its files no longer say', RELOAD)]
      : [];
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
  const [wanted, ours] = [new NameSet(desiredDnsHosts(desired)), ownNames(owned)];
  const isStale = (ip: string, name: string): boolean =>
    isRevivalRecord(ip, name) || (ours.has(ip, name) && !wanted.has(ip, name));
  return live.dns.hosts
    .filter(({ ip, hostnames }) => hostnames.some((name) => isStale(ip, name)))
    .map((names) => {
      const { ip, hostnames } = names;
      const foreign = hostnames.filter((name) => !ours.has(ip, name) && !isStale(ip, name));
      const reason = `${ip} no longer has the name ${hostnames.filter((name) => isStale(ip, name)).join(', ')}`;
      // libvirt takes out the whole host, with the names that others put there.
      const rest = { ip, hostnames: foreign };
      const back = foreign.length === 0 ? [] : [updateNames('add', rest, 'these names are foreign and stay')];
      // A record that cannot be changed holds up no Node.
      const actions = [updateNames('delete', names, reason), ...back];
      return { names, actions: actions.map((action) => ({ ...action, isolated: true as const })) };
    });
}

export type UpdateNetwork = Extract<NetworkAction, { type: 'UpdateNetwork' }>;

export function updateNames(
  command: 'add' | 'delete',
  { ip, hostnames }: DnsHost,
  reason: string,
): UpdateNetwork {
  // Told a name too, libvirt would take every record of that name for a match, and refuse where there are several.
  const names = command === 'delete' ? [] : hostnames.map((name) => element('hostname', {}, [name]));
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
  const ours = ownMacs(owned);
  const heirs = new Map(desired.entries.map((entry) => [entry.ip, entry.mac]));
  return live.hosts
    .filter(({ mac, ip }) => mac !== undefined && ours.has(mac) && (heirs.get(ip) ?? mac) !== mac)
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
  const [hosts, names] = [new Set<DhcpHost>(), new Set<DnsHost>()];
  for (const removal of removals) {
    if (removal.host !== undefined) hosts.add(removal.host);
    if (removal.names !== undefined) names.add(removal.names);
  }
  return {
    ...live,
    hosts: live.hosts.filter((host) => !hosts.has(host)),
    dns: { ...live.dns, hosts: live.dns.hosts.filter((host) => !names.has(host)) },
  };
}

/** What the live XML does not carry yet. */
function hostFiles(desired: DesiredNetwork, live: NetworkModel): HostFiles {
  const isLive = reservationsIn(live);
  const known = new NameSet(live.dns.hosts);
  const reservations = desired.entries
    .filter((entry) => !isLive(entry))
    .map((entry) => ({ mac: entry.mac, ip: entry.ip, name: entry.hostnames[0] ?? entry.node }));
  const names = desiredDnsHosts(desired)
    .map(({ ip, hostnames }) => ({ ip, hostnames: hostnames.filter((name) => !known.has(ip, name)) }))
    .filter(({ hostnames }) => hostnames.length > 0);
  return { reservations, names };
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
