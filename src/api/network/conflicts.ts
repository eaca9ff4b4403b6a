import { areOneFamily } from '../ipam/address.ts';
import { aliasName } from '../ipam/names.ts';
import { readSubnet } from '../ipam/subnet.ts';
import { indexSubnets } from '../ipam/subnet-index.ts';
import type { NetworkEntry, Refusal } from '../ipam/entry.ts';
import type { DnsHost } from '../libvirt/network.ts';
import type { ForeignEntries, ForeignReservation, NameRecord } from './foreign.ts';

/** What tells why something that k8slab would write contradicts foreign entries. */
export interface ForeignIndex {
  readonly ofEntry: (entry: NetworkEntry) => string | undefined;
  /** The foreign record that has the name with another address of that family. */
  readonly ofName: (ip: string, name: string) => NameRecord | undefined;
}

const FOREIGN = 'that entry was not made by k8slab and stays';

/** @param byUpdates the running network changes by net-update, which takes no second reservation of a name (T3) */
export function indexForeign(
  { reservations, names }: ForeignEntries,
  { domain, byUpdates }: { readonly domain: string | undefined; readonly byUpdates: boolean },
): ForeignIndex {
  const byIp = new Map(reservations.map((host) => [host.ip, host]));
  // The files that dnsmasq reads win over a reservation of the same MAC address that only the running network has.
  const byMac = new Map(
    reservations.filter(({ liveOnly }) => byUpdates || !liveOnly).map((host) => [host.mac, host]),
  );
  const byReservedName = new Map(byUpdates ? reservations.map((host) => [host.name, host]) : []);
  const records = Map.groupBy(names, ({ name }) => dnsKey(name, domain));
  const ofName = (ip: string, name: string): NameRecord | undefined =>
    records.get(dnsKey(name, domain))?.find((record) => record.ip !== ip && areOneFamily(record.ip, ip));
  return {
    ofName,
    ofEntry({ mac, ip, hostnames }) {
      const own = byMac.get(mac);
      const holder = byIp.get(ip) ?? own ?? byReservedName.get(hostnames[0]);
      if (holder !== undefined) return `the network already reserves ${describe(holder)}; ${FOREIGN}`;
      const record = hostnames.map((name) => ofName(ip, name)).find((found) => found !== undefined);
      return (
        record && `the network already has the name ${record.name} with the address ${record.ip}; ${FOREIGN}`
      );
    },
  };
}

function describe({ ip, name, mac, liveOnly }: ForeignReservation): string {
  const where = liveOnly ? ' until it restarts' : '';
  return `${ip} for ${name ?? mac ?? 'another machine'}${where}`;
}

/** dnsmasq puts the domain behind names without a dot (expand-hosts). */
function dnsKey(name: string, domain: string | undefined): string {
  return aliasName(name, domain).toLowerCase();
}

/** Records of the manifest less the names that foreign ones have, and what is said of those. */
export function grantRecords(
  records: readonly DnsHost[],
  { ofName }: ForeignIndex,
): { granted: DnsHost[]; refused: string[] } {
  const refused: string[] = [];
  const granted = records.map(({ ip, hostnames }) => ({
    ip,
    hostnames: hostnames.filter((name) => {
      const record = ofName(ip, name);
      if (record !== undefined)
        refused.push(`${name} has the address ${record.ip} instead of ${ip}; ${FOREIGN}`);
      return record === undefined;
    }),
  }));
  return { granted: granted.filter(({ hostnames }) => hostnames.length > 0), refused };
}

/**
 * Entries that cannot be because another one stays. Who is refused keeps what it has, which may stand in the way of
 * others in turn.
 * @param marked what each Node has now
 * @param refused Node -> why; those found here are added
 */
export function refuseClashing(
  wanted: readonly NetworkEntry[],
  kept: readonly NetworkEntry[],
  { marked, refused }: { marked: ReadonlyMap<string, NetworkEntry>; refused: Map<string, Refusal> },
): void {
  const staying = [...kept, ...[...refused.keys()].flatMap((node) => marked.get(node) ?? [])];
  const clashing = staying.length === 0 ? () => [] : indexEntries(wanted);
  for (const stays of staying) {
    for (const { node } of clashing(stays)) {
      if (node === stays.node || refused.has(node)) continue;
      refused.set(node, { node, reason: 'Conflict', message: stillHas(stays) });
      const own = marked.get(node);
      if (own !== undefined) staying.push(own);
    }
  }
}

function stillHas({ node, ip, mac, podCIDR, hostnames }: NetworkEntry): string {
  const pods = podCIDR === undefined ? '' : `, the pod network ${podCIDR}`;
  return `the machine "${node}" still has ${ip}, ${mac}${pods} and ${hostnames.join(', ')}`;
}

/** @returns a function that finds the entries with the address, MAC address, a name or pod addresses of another one */
function indexEntries(entries: readonly NetworkEntry[]): (entry: NetworkEntry) => Iterable<NetworkEntry> {
  const ips = Map.groupBy(entries, ({ ip }) => ip);
  const macs = Map.groupBy(entries, ({ mac }) => mac);
  const names = Map.groupBy(
    entries.flatMap((entry) => entry.hostnames.map((name) => ({ name, entry }))),
    ({ name }) => name,
  );
  const pods = entries.flatMap((entry) => {
    const subnet = readSubnet(entry.podCIDR ?? '');
    return subnet === undefined ? [] : [{ entry, subnet }];
  });
  const podHits = indexSubnets(pods, ({ subnet }) => subnet);
  return ({ ip, mac, hostnames, podCIDR = '' }) => {
    const subnet = readSubnet(podCIDR);
    const overlapping = subnet === undefined ? [] : podHits(subnet, pods.length).items;
    return new Set([
      ...(ips.get(ip) ?? []),
      ...(macs.get(mac) ?? []),
      ...hostnames.flatMap((name) => names.get(name) ?? []).map(({ entry }) => entry),
      ...overlapping.map(({ entry }) => entry),
    ]);
  };
}
