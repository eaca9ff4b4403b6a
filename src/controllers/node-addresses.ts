import { parseDomain } from '../api/libvirt/domain.ts';
import type { LiveEntry } from '../api/objects.ts';
import type { NodeNetworks } from '../api/plan/desire-node.ts';
import type { AddressHolder, ObservedAddress } from '../api/plan/node-types.ts';
import type { Lease } from '../drivers/dnsmasq.ts';
import type { NodeDeps } from './node-deps.ts';
import type { ObjectOf } from './objects.ts';

/** Where the guest is by its leases, and who else has a lease on what it shall have. */
export type LeasedAddress = Omit<ObservedAddress, 'reached' | 'reachedAt'>;

export async function observeLeases(
  deps: NodeDeps,
  object: ObjectOf<'Node'>,
  { entries }: NodeNetworks,
  macs: readonly string[],
): Promise<LeasedAddress[]> {
  const found: LeasedAddress[] = [];
  for (const [index, entry] of entries.entries()) {
    const name = object.spec.networks[index]?.network ?? '';
    const network = deps.store.get('Network', name);
    deps.knownMacs.add(entry.mac);
    if (network?.status.bridge === undefined) continue;
    const leases = await validLeases(deps, network.status.bridge);
    found.push({
      network: name,
      mac: entry.mac,
      wanted: entry.ip,
      ...(await whereabouts(deps, { entry, leases, macs, others: network.status.entries ?? [] })),
    });
  }
  return found;
}

async function validLeases(deps: NodeDeps, bridge: string): Promise<Lease[]> {
  const now = deps.clock.now() / 1000;
  const leases = await deps.dnsmasq.leases(bridge);
  return leases.filter(({ expiry }) => expiry === 0 || expiry > now);
}

interface Situation {
  readonly entry: LiveEntry;
  readonly leases: readonly Lease[];
  /** MAC addresses that k8slab ever gave the Node. */
  readonly macs: readonly string[];
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
    ours: entry !== undefined || macs.includes(mac) || deps.knownMacs.has(mac),
    inUse: !moved && (await runsWith(deps, mac)),
  };
}

/** Asked only about who is in the way. */
async function runsWith(deps: NodeDeps, mac: string): Promise<boolean> {
  for (const { name, state } of await deps.domains.get()) {
    if (state === 'shutoff' || state === 'crashed') continue;
    const xml = await deps.libvirt.domainXml(name, { inactive: false });
    if (xml !== undefined && parseDomain(xml).model.interfaces.some((nic) => nic.mac === mac)) return true;
  }
  return false;
}

/** What a try to make the guest move is about: once one of these is another, it is a new matter. */
export function aboutAddress(addresses: readonly Pick<LeasedAddress, 'leased' | 'wanted'>[]): string {
  return addresses.map(({ leased = '', wanted }) => `${leased}>${wanted}`).join(' ');
}
