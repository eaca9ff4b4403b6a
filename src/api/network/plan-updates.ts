import type { NetworkMark } from '../ownership/mark.ts';
import type { DhcpHost, NetworkModel } from '../libvirt/network.ts';
import { desiredDnsHosts, renderReservation, type DesiredNetwork } from './render.ts';
import { renderXml } from '../xml.ts';
import { step, type Cost } from '../disruption/step.ts';
import type { NetworkAction } from './actions.ts';
import { NameSet, ownMacs } from './foreign.ts';
import { removeReservation, staleNames, updateNames, withoutRemoved, type Removal } from './plan-live.ts';

/** Brings a running network whose dnsmasq reads no files of ours to `desired` by net-update alone. */
export function planUpdates(
  desired: DesiredNetwork,
  live: NetworkModel,
  owned: readonly NetworkMark[],
  felt: Cost,
): NetworkAction[] {
  const removals = [...staleNames(desired, live, owned), ...clashes(desired, live, owned, felt)];
  const remaining = withoutRemoved(live, removals);
  return [
    ...removals.flatMap(({ actions }) => actions),
    ...missingNames(desired, remaining),
    ...missingReservations(desired, remaining, felt),
  ];
}

/** Reservations of ours that hold the address or the name of another machine: libvirt refuses a second one. */
function clashes(
  desired: DesiredNetwork,
  live: NetworkModel,
  owned: readonly NetworkMark[],
  felt: Cost,
): Removal[] {
  const ours = ownMacs(owned);
  const ips = new Map<string, string>();
  const names = new Map<string, string>();
  for (const { mac, ip, hostnames } of desired.entries) {
    ours.add(mac);
    ips.set(ip, mac);
    names.set(hostnames[0] ?? '', mac);
  }
  const isClash = ({ mac, ip, name }: DhcpHost): boolean =>
    (ips.get(ip) ?? mac) !== mac || (names.get(name ?? '') ?? mac) !== mac;
  return live.hosts
    .filter((host) => host.mac !== undefined && ours.has(host.mac) && isClash(host))
    .map((host) => removeReservation(host, felt));
}

/** libvirt takes one host per address and no changed one: an old record gives way, and comes back if that fails. */
function missingNames(desired: DesiredNetwork, live: NetworkModel): NetworkAction[] {
  const known = new NameSet(live.dns.hosts);
  const byIp = new Map(live.dns.hosts.toReversed().map((host) => [host.ip, host]));
  return desiredDnsHosts(desired).flatMap(({ ip, hostnames }): NetworkAction[] => {
    const added = hostnames.filter((name) => !known.has(ip, name));
    if (added.length === 0) return [];
    const old = byIp.get(ip);
    const names = [...new Set([...hostnames, ...(old?.hostnames ?? [])])];
    const add = updateNames('add', { ip, hostnames: names }, `dnsmasq does not know ${added.join(', ')} yet`);
    if (old === undefined) return [add];
    const restore = updateNames('add', old, add.reason).xml;
    return [updateNames('delete', old, add.reason), { ...add, restore }];
  });
}

function missingReservations(desired: DesiredNetwork, live: NetworkModel, felt: Cost): NetworkAction[] {
  const byMac = new Map(live.hosts.toReversed().map((host) => [host.mac, host]));
  return desired.entries.flatMap((entry): NetworkAction[] => {
    const host = byMac.get(entry.mac);
    if (host?.ip === entry.ip && host.name === entry.hostnames[0]) return [];
    const action = {
      type: 'UpdateNetwork' as const,
      command: host === undefined ? ('add' as const) : ('modify' as const),
      section: 'ip-dhcp-host',
      xml: renderXml(renderReservation(entry)),
    };
    const disruption = felt.guests === undefined ? 'none' : 'uplink';
    return [step(disruption, `${entry.ip} is not reserved for ${entry.node} yet`, action, felt)];
  });
}
