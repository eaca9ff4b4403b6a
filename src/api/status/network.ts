import { condition } from '../conditions.ts';
import type { NetworkModel } from '../libvirt/network.ts';
import type { ConditionInput } from '../meta.ts';

/**
 * Entries that share a MAC address, an address or a name: dnsmasq goes by one of them and says nothing of the others,
 * though the XML looks right.
 */
export function duplicateEntries({ hosts }: NetworkModel): ConditionInput[] {
  const found = [
    ...repeated('MAC address', hosts, ({ mac }) => mac),
    ...repeated('address', hosts, ({ ip }) => ip),
    ...repeated('name', hosts, ({ name }) => name),
  ];
  if (found.length === 0) return [];
  const message = `dnsmasq goes by one of them only: ${found.join('; ')}`;
  return [condition('DuplicateEntries', 'True', 'Duplicate', message)];
}

type Host = NetworkModel['hosts'][number];

function repeated(what: string, hosts: readonly Host[], key: (host: Host) => string | undefined): string[] {
  return [...Map.groupBy(hosts, key)]
    .filter(([value, same]) => value !== undefined && same.length > 1)
    .map(
      ([value, same]) =>
        `${same.length} entries have the ${what} ${value ?? ''} (${same.map(shown).join(', ')})`,
    );
}

function shown({ mac, ip, name }: Host): string {
  return [ip, name ?? mac].filter((part) => part !== undefined).join(' ');
}
