import { entryOfIp, entryOfMac } from '../../api/ipam/by-node.ts';
import { attachmentMac, claimingAttachments } from '../../api/ipam/names.ts';
import type { NodeNetworks } from '../../api/node/desire.ts';
import type { AddressHolder, ObservedAddress, ObservedNode } from '../../api/node/observed.ts';
import type { NodeProbes } from '../../api/node/probes.ts';
import type { Lease, LeaseTable } from '../../drivers/dnsmasq.ts';
import type { NodeDeps } from './deps.ts';
import type { ObjectOf } from '../objects.ts';
import type { LiveEntry } from '../../api/ipam/entry.ts';

/** Where the guest is by its leases, and who else has a lease on what it shall have. */
export type LeasedAddress = Omit<ObservedAddress, 'reached' | 'reachedAt'>;

export async function observeLeases(
  deps: NodeDeps,
  object: ObjectOf<'Node'>,
  { entries }: NodeNetworks,
  macs: readonly string[],
): Promise<LeasedAddress[]> {
  const found: LeasedAddress[] = [];
  const attachments = claimingAttachments(object.spec);
  for (const [index, entry] of entries.entries()) {
    const name = attachments[index]?.network ?? '';
    const network = deps.store.get('Network', name);
    if (network?.status.bridge === undefined) continue;
    const leases = await validLeases(deps, network.status.bridge);
    const former = deps.memory.read(network)?.macs;
    found.push({
      network: name,
      mac: entry.mac,
      wanted: entry.ip,
      ...(entry.found === undefined ? {} : { found: entry.found }),
      ...(await whereabouts(deps, {
        entry,
        leases,
        isOurs: (mac) => macs.includes(mac) || former?.has(mac) === true,
        others: network.status.entries ?? [],
      })),
    });
  }
  return found;
}

/** The address that a NIC has on a network that has no entry for it. */
export async function unreservedAddress(
  deps: NodeDeps,
  network: string,
  mac: string,
): Promise<string | undefined> {
  const bridge = deps.store.get('Network', network)?.status.bridge;
  return bridge === undefined ? undefined : leasedAddress(await validLeases(deps, bridge), mac);
}

/** Those that have not expired. */
type Leases = Pick<LeaseTable, 'ofMac' | 'ofIp'>;

async function validLeases(deps: NodeDeps, bridge: string): Promise<Leases> {
  const now = deps.clock.now() / 1000;
  const { ofMac, ofIp } = await deps.dnsmasq.leaseTable(bridge);
  const valid = (leases: readonly Lease[]): Lease[] =>
    leases.filter(({ expiry }) => expiry === 0 || expiry > now);
  return { ofMac: (mac) => valid(ofMac(mac)), ofIp: (ip) => valid(ofIp(ip)) };
}

interface Situation {
  readonly entry: LiveEntry;
  readonly leases: Leases;
  /** Whether k8slab ever gave that MAC address to the Node, or reserved it in the network. */
  readonly isOurs: (mac: string) => boolean;
  readonly others: readonly LiveEntry[];
}

async function whereabouts(
  deps: NodeDeps,
  { entry, leases, isOurs, others }: Situation,
): Promise<Pick<LeasedAddress, 'leased' | 'wantedBy' | 'holder'>> {
  const leased = leasedAddress(leases, entry.mac, entry.ip);
  const wantedBy = leased === undefined || leased === entry.ip ? undefined : entryOfIp(others, leased)?.node;
  const held = leases.ofIp(entry.ip).find(({ mac }) => mac !== entry.mac);
  const holder =
    held === undefined ? undefined : await holderOf(deps, { lease: held, leases, isOurs, others });
  return {
    ...(leased === undefined ? {} : { leased }),
    ...(wantedBy === undefined ? {} : { wantedBy }),
    ...(holder === undefined ? {} : { holder }),
  };
}

/** The reserved address if the guest has it, else the one of its newest lease. */
function leasedAddress(leases: Leases, mac: string, wanted?: string): string | undefined {
  const held = leases.ofMac(mac);
  if (held.some(({ ip }) => ip === wanted)) return wanted;
  return held.toSorted((a, b) => b.expiry - a.expiry)[0]?.ip;
}

async function holderOf(
  deps: NodeDeps,
  { lease, leases, isOurs, others }: Omit<Situation, 'entry'> & { readonly lease: Lease },
): Promise<AddressHolder> {
  const { ip, mac, clientId } = lease;
  const entry = entryOfMac(others, mac);
  const moved = leasedAddress(leases, mac, entry?.ip) !== ip;
  return {
    ip,
    mac,
    ...(clientId === undefined ? {} : { clientId }),
    ...(entry === undefined ? {} : { node: entry.node }),
    ours: entry !== undefined || isOurs(mac),
    inUse: !moved && (await runsWith(deps, mac)),
  };
}

/** Asked only about who is in the way. A domain that cannot be read may be the one. */
async function runsWith({ view }: NodeDeps, mac: string): Promise<boolean> {
  const { macHolders, unreadable } = await view.survey();
  return unreadable.length > 0 || macHolders(mac).some(({ side }) => side === 'live');
}

/** What a try to make the guest move is about: once one of these is another, it is a new matter. */
export function aboutAddress(addresses: readonly Pick<LeasedAddress, 'leased' | 'wanted'>[]): string {
  return addresses.map(({ leased = '', wanted }) => `${leased}>${wanted}`).join(' ');
}

/** Only of the first NIC it is known at which address the guest answers; the others are asked about through it. */
export function reach(
  { leased, wanted }: LeasedAddress,
  index: number,
  { ssh, reachedAt, address }: NodeProbes,
): Pick<ObservedAddress, 'reached' | 'reachedAt'> {
  const home = ssh?.ok === true;
  if (index > 0) {
    const at = home ? address : reachedAt;
    return { reached: leased === wanted, ...(at === undefined ? {} : { reachedAt: at }) };
  }
  return { reached: home, ...(reachedAt === undefined ? {} : { reachedAt }) };
}

/** Asked only before a guest gets a MAC address: two guests with the same one would cut each other off. */
export async function findMacHolder(
  deps: NodeDeps,
  object: ObjectOf<'Node'>,
  domain: ObservedNode['domain'],
): Promise<ObservedNode['macHolder']> {
  const has = new Set(domain?.config.model.interfaces.map(({ mac }) => mac));
  const { name } = object.metadata;
  const macs = object.spec.networks.map((nic) => attachmentMac(name, nic)).filter((mac) => !has.has(mac));
  if (macs.length === 0) return undefined;
  const { macHolders } = await deps.view.survey();
  const holder = macs.flatMap((mac) => macHolders(mac)).find(({ domain: other }) => other !== name);
  return holder === undefined ? undefined : { domain: holder.domain, mac: holder.mac };
}
