import { attachmentMac, claimingAttachments } from '../../api/ipam/names.ts';
import type { NodeNetworks } from '../../api/node/desire.ts';
import type { AddressHolder, ObservedAddress, ObservedNode } from '../../api/node/observed.ts';
import type { NodeProbes } from '../../api/node/probes.ts';
import type { Lease } from '../../drivers/dnsmasq.ts';
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
    found.push({
      network: name,
      mac: entry.mac,
      wanted: entry.ip,
      ...(entry.found === undefined ? {} : { found: entry.found }),
      ...(await whereabouts(deps, {
        entry,
        leases,
        macs: new Set([...macs, ...(deps.memory.read(network)?.macs ?? [])]),
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

async function validLeases(deps: NodeDeps, bridge: string): Promise<Lease[]> {
  const now = deps.clock.now() / 1000;
  const leases = await deps.dnsmasq.leases(bridge);
  return leases.filter(({ expiry }) => expiry === 0 || expiry > now);
}

interface Situation {
  readonly entry: LiveEntry;
  readonly leases: readonly Lease[];
  /** MAC addresses that k8slab ever gave the Node, or reserved in the network. */
  readonly macs: ReadonlySet<string>;
  readonly others: readonly LiveEntry[];
}

async function whereabouts(
  deps: NodeDeps,
  { entry, leases, macs, others }: Situation,
): Promise<Pick<LeasedAddress, 'leased' | 'wantedBy' | 'holder'>> {
  const leased = leasedAddress(leases, entry.mac, entry.ip);
  const wantedBy = others.find(({ ip, node }) => ip === leased && node !== entry.node)?.node;
  const held = leases.find(({ ip, mac }) => ip === entry.ip && mac !== entry.mac);
  const holder = held === undefined ? undefined : await holderOf(deps, { lease: held, leases, macs, others });
  return {
    ...(leased === undefined ? {} : { leased }),
    ...(wantedBy === undefined ? {} : { wantedBy }),
    ...(holder === undefined ? {} : { holder }),
  };
}

/** The reserved address if the guest has it, else the one of its newest lease. */
function leasedAddress(leases: readonly Lease[], mac: string, wanted?: string): string | undefined {
  const held = leases.filter((lease) => lease.mac === mac);
  if (held.some(({ ip }) => ip === wanted)) return wanted;
  return held.toSorted((a, b) => b.expiry - a.expiry)[0]?.ip;
}

async function holderOf(
  deps: NodeDeps,
  { lease, leases, macs, others }: Omit<Situation, 'entry'> & { readonly lease: Lease },
): Promise<AddressHolder> {
  const { ip, mac, clientId } = lease;
  const entry = others.find((each) => each.mac === mac);
  const moved = leasedAddress(leases, mac, entry?.ip) !== ip;
  return {
    ip,
    mac,
    ...(clientId === undefined ? {} : { clientId }),
    ...(entry === undefined ? {} : { node: entry.node }),
    ours: entry !== undefined || macs.has(mac),
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
