import { formatAddress, readAddress } from '../ipam/address.ts';
import { isUsable } from '../ipam/network-addresses.ts';
import { excluding } from '../ipam/ranges.ts';
import { formatSubnet } from '../ipam/subnet.ts';
import type { NetworkAsk } from './lab.ts';
import { settle, type Standing } from './settle.ts';

/** The addresses of one network, handed out one after the other. */
export interface AddressPool {
  of(node: string): string | undefined;
  /** Why a Node does not get the address that its manifest names now, though it has another one. */
  refusal(node: string): string | undefined;
  /** @returns why not */
  take(node: string, given: string | undefined): string | undefined;
  giveBack(node: string): void;
}

export interface AddressClaim {
  readonly node: string;
  readonly given?: string | undefined;
  readonly held?: string | undefined;
}

/** @param claims of all Nodes of the network, also of those that are not to get anything yet */
export function createAddressPool(
  network: string,
  { addresses, recorded }: NetworkAsk,
  claims: readonly AddressClaim[],
): AddressPool {
  const standing = claims.flatMap(({ node, held, given = held }): Standing<string>[] =>
    usable(held) ? [{ node, held, ...(given === held || !usable(given) ? {} : { wanted: given }) }] : [],
  );
  const { has, stuck, taken } = settle(standing, createTexts);
  const owned = new Map(has);
  const owners = new Map([...has].map(([node, address]) => [address, node]));
  const asked = new Map(claims.map(({ node, given }) => [node, given]));
  // What a manifest names waits for its Node.
  const reserved = new Set([...asked.values(), ...recorded]);
  const returned: string[] = [];
  const free = freeAddresses();

  function fits(text: string): boolean {
    const address = readAddress(text);
    return address !== undefined && isUsable(addresses, address);
  }

  function usable(text: string | undefined): text is string {
    return text !== undefined && fits(text);
  }

  function* freeAddresses(): Generator<string, undefined> {
    const { family } = addresses.subnet;
    for (const { first, last } of excluding(addresses.dhcp, addresses.excluded)) {
      for (let value = first; value <= last; value++) {
        const text = formatAddress({ family, value });
        if (value !== addresses.gateway.value && !reserved.has(text) && taken.add(text)) yield text;
      }
    }
    return undefined;
  }

  function why(given: string): string | undefined {
    const owner = owners.get(given);
    if (owner !== undefined) return `Node "${owner}" has ${given}`;
    if (fits(given)) return undefined;
    return `${given} is no address for a machine on Network "${network}" (${formatSubnet(addresses.subnet)})`;
  }

  return {
    of: (node) => owned.get(node),
    refusal(node) {
      const given = asked.get(node);
      if (given === undefined || owned.get(node) === given) return undefined;
      return stuck.has(node) || !usable(given) ? why(given) : undefined;
    },
    take(node, given) {
      if (owned.has(node)) return undefined;
      const refused = given === undefined ? undefined : why(given);
      if (refused !== undefined) return refused;
      const address = given ?? returned.pop() ?? free.next().value;
      if (address === undefined) return `Network "${network}" has no free address`;
      if (given !== undefined) taken.add(given);
      owned.set(node, address);
      owners.set(address, node);
      return undefined;
    },
    giveBack(node) {
      const address = owned.get(node);
      if (address === undefined) return;
      owned.delete(node);
      owners.delete(address);
      if (asked.get(node) === undefined) returned.push(address);
    },
  };
}

function createTexts(): { add(text: string): boolean } {
  const texts = new Set<string>();
  return {
    add(text) {
      const had = texts.has(text);
      texts.add(text);
      return !had;
    },
  };
}
