import type { NetworkAddresses } from './network-addresses.ts';
import { isUsable } from './network-addresses.ts';
import { formatAddress, type Address } from './address.ts';
import { excluding, membership } from './ranges.ts';
import { formatSubnet } from './subnet.ts';

/** A machine that wants an address of a network. */
export interface AddressClaim {
  readonly node: string;
  readonly mac: string;
  /** The address that its manifest names. */
  readonly given?: Address;
  /** The one that it was given before. */
  readonly held?: Address;
}

/** What uses an address; without a MAC address it is nobody's who claims one. */
export interface Usage {
  readonly address: Address;
  readonly mac?: string;
}

export interface AllocationError {
  readonly node: string;
  readonly reason: 'RangeExhausted' | 'AddressTaken' | 'AddressNotUsable';
  readonly message: string;
}

export interface Allocation<T = Address> {
  readonly assigned: ReadonlyMap<string, T>;
  /** Nodes whose address was nobody's before, as far as is known. */
  readonly fresh: readonly string[];
  readonly errors: readonly AllocationError[];
}

interface Ledger {
  readonly network: string;
  readonly addresses: NetworkAddresses;
  /** Value of an address -> Node. */
  readonly owners: Map<bigint, string>;
  readonly assigned: Map<string, Address>;
  readonly errors: AllocationError[];
}

/**
 * An address for every claim. Given ones go first (of two equal ones to who holds it, else to the first in name
 * order), then those held, then the lowest free one of the DHCP range in name order: never the network's own, the
 * broadcast's or the gateway's, none that is excluded, and none that another MAC address uses.
 * @param claims in name order
 */
export function allocateAddresses(
  network: { readonly name: string; readonly addresses: NetworkAddresses },
  claims: readonly AddressClaim[],
  used: readonly Usage[],
): Allocation {
  const { name, addresses } = network;
  const ledger: Ledger = { network: name, addresses, owners: new Map(), assigned: new Map(), errors: [] };
  for (const claim of holdersFirst(claims)) assignGiven(claim, ledger);
  for (const claim of claims) assignHeld(claim, ledger);
  const fresh = assignFree(claims, ledger, usersOf(used, addresses));
  return { assigned: ledger.assigned, fresh, errors: ledger.errors };
}

function holdersFirst(claims: readonly AddressClaim[]): readonly AddressClaim[] {
  const { true: holders = [], false: others = [] } = Object.groupBy(claims, ({ given, held }) =>
    given !== undefined && held?.value === given.value ? 'true' : 'false',
  );
  return [...holders, ...others];
}

function assignGiven({ node, given }: AddressClaim, ledger: Ledger): void {
  if (given === undefined) return;
  const owner = ledger.owners.get(given.value);
  if (owner !== undefined) ledger.errors.push(addressTaken(node, given, owner));
  else if (!isUsable(ledger.addresses, given)) ledger.errors.push(addressNotUsable(node, given, ledger));
  else {
    ledger.owners.set(given.value, node);
    ledger.assigned.set(node, given);
  }
}

function assignHeld({ node, given, held }: AddressClaim, ledger: Ledger): void {
  if (given !== undefined || held === undefined) return;
  if (!isUsable(ledger.addresses, held) || ledger.owners.has(held.value)) return;
  ledger.owners.set(held.value, node);
  ledger.assigned.set(node, held);
}

/** Value of an address -> the MAC address that uses it; '' where several do, or nobody knows whose it is. */
function usersOf(used: readonly Usage[], { subnet }: NetworkAddresses): ReadonlyMap<bigint, string> {
  const users = new Map<bigint, string>();
  for (const { address, mac = '' } of used) {
    if (address.family !== subnet.family) continue;
    const known = users.get(address.value);
    users.set(address.value, known === undefined || known === mac ? mac : '');
  }
  return users;
}

/** @returns the Nodes that were served */
function assignFree(
  claims: readonly AddressClaim[],
  ledger: Ledger,
  users: ReadonlyMap<bigint, string>,
): string[] {
  const { addresses, owners, assigned } = ledger;
  const free = freeValues(ledger, users);
  const isExcluded = membership(addresses.excluded);
  const own = new Map([...users].flatMap(([value, mac]) => (isExcluded(value) ? [] : [[mac, value]])));
  const fresh: string[] = [];
  for (const { node, mac, given } of claims) {
    if (given !== undefined || assigned.has(node)) continue;
    const used = usedBy(mac, own, ledger);
    const value = used ?? free.next().value;
    if (value === undefined) {
      ledger.errors.push(rangeExhausted(node, ledger));
      continue;
    }
    owners.set(value, node);
    assigned.set(node, { family: addresses.subnet.family, value });
    if (used === undefined) fresh.push(node);
  }
  return fresh;
}

/** A machine that has an address already need not move. */
function usedBy(mac: string, own: ReadonlyMap<string, bigint>, ledger: Ledger): bigint | undefined {
  const value = mac === '' ? undefined : own.get(mac);
  if (value === undefined || ledger.owners.has(value)) return undefined;
  const { family } = ledger.addresses.subnet;
  return isUsable(ledger.addresses, { family, value }) ? value : undefined;
}

function* freeValues(
  { addresses, owners }: Ledger,
  users: ReadonlyMap<bigint, string>,
): Generator<bigint, undefined> {
  for (const { first, last } of excluding(addresses.dhcp, addresses.excluded)) {
    for (let value = first; value <= last; value++) {
      if (!users.has(value) && !owners.has(value) && value !== addresses.gateway.value) yield value;
    }
  }
  return undefined;
}

function addressTaken(node: string, address: Address, owner: string): AllocationError {
  const message = `cannot give ${formatAddress(address)} to Node "${node}": Node "${owner}" has it`;
  return { node, reason: 'AddressTaken', message };
}

function addressNotUsable(node: string, address: Address, { network, addresses }: Ledger): AllocationError {
  const why = `it is no address for a machine on Network "${network}" (${formatSubnet(addresses.subnet)})`;
  const message = `cannot give ${formatAddress(address)} to Node "${node}": ${why}`;
  return { node, reason: 'AddressNotUsable', message };
}

function rangeExhausted(node: string, { network, addresses }: Ledger): AllocationError {
  const { subnet, dhcp } = addresses;
  const [start, end] = [dhcp.first, dhcp.last].map((value) =>
    formatAddress({ family: subnet.family, value }),
  );
  const why = `the DHCP range ${start ?? ''}-${end ?? ''} of Network "${network}" has no free address`;
  return { node, reason: 'RangeExhausted', message: `cannot allocate an address for Node "${node}": ${why}` };
}
