import type { NetworkMark } from '../ownership/mark.ts';
import type { DhcpHost, NetworkModel } from '../libvirt/network.ts';
import { desiredDnsHosts, renderReservation, type DesiredNetwork } from './render.ts';
import { renderXml } from '../xml.ts';
import { step, type Cost, type NetworkAction } from '../disruption/action.ts';
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
  const ours = new Set(
    [...owned.flatMap(({ entries }) => entries), ...desired.entries].map(({ mac }) => mac),
  );
  const isClash = (host: DhcpHost): boolean =>
    desired.entries.some(
      ({ mac, ip, hostnames: [name] }) =>
        mac !== host.mac && (ip === host.ip || (name !== undefined && name === host.name)),
    );
  return live.hosts
    .filter((host) => host.mac !== undefined && ours.has(host.mac) && isClash(host))
    .map((host) => removeReservation(host, felt));
}

/** libvirt takes one host per address and no changed one: an old record gives way, and comes back if that fails. */
function missingNames(desired: DesiredNetwork, live: NetworkModel): NetworkAction[] {
  return desiredDnsHosts(desired).flatMap(({ ip, hostnames }): NetworkAction[] => {
    const old = live.dns.hosts.find((host) => host.ip === ip);
    const names = [...new Set([...hostnames, ...(old?.hostnames ?? [])])];
    if (names.length === (old?.hostnames.length ?? 0)) return [];
    const added = hostnames.filter((name) => old?.hostnames.includes(name) !== true).join(', ');
    const reason = `dnsmasq does not know ${added} yet`;
    if (old === undefined) return [updateNames('add', { ip, hostnames: names }, reason)];
    const removal = updateNames('delete', old, reason);
    return [removal, { ...updateNames('add', { ip, hostnames: names }, reason), restore: removal.xml }];
  });
}

function missingReservations(desired: DesiredNetwork, live: NetworkModel, felt: Cost): NetworkAction[] {
  return desired.entries.flatMap((entry): NetworkAction[] => {
    const host = live.hosts.find(({ mac }) => mac === entry.mac);
    if (host?.ip === entry.ip && host.name === entry.hostnames[0]) return [];
    const command = host === undefined ? 'add' : 'modify';
    return [
      step(
        felt.guests === undefined ? 'none' : 'uplink',
        `${entry.ip} is not reserved for ${entry.node} yet`,
        {
          type: 'UpdateNetwork' as const,
          command,
          section: 'ip-dhcp-host',
          xml: renderXml(renderReservation(entry)),
        },
        felt,
      ),
    ];
  });
}
