import { condition } from '../conditions.ts';
import type { ConditionInput } from '../meta.ts';
import type { ObservedAddress } from './observed.ts';
import type { NodeProbes } from './probes.ts';

const TYPE = 'AddressAgreed';

/** Whether all who say something about a guest's address say the same; the first that does not is named. */
export function addressAgreed(
  address: Pick<ObservedAddress, 'leased' | 'holder'> | undefined,
  probes: NodeProbes,
): ConditionInput {
  const { address: wanted } = probes;
  if (wanted === undefined) return condition(TYPE, 'False', 'NoAddress', 'no address is reserved yet');
  const [first] = disagreements(wanted, address, probes);
  if (first !== undefined) return condition(TYPE, 'False', first.reason, `${wanted}: ${first.message}`);
  return condition(TYPE, 'True', 'Agreed', wanted);
}

interface Disagreement {
  readonly reason: string;
  readonly message: string;
}

function disagreements(
  wanted: string,
  address: Pick<ObservedAddress, 'leased' | 'holder'> | undefined,
  probes: NodeProbes,
): Disagreement[] {
  const { reserved, dns, dnsFailure, hosts, ssh, fqdn = '' } = probes;
  const { leased, holder } = address ?? {};
  const { forward, reverse } = dnsAgrees(dns, { fqdn, address: wanted });
  const parties: readonly [boolean, string, string][] = [
    [reserved?.defined !== false, 'ReservationDiffers', "the network's definition does not reserve it"],
    [reserved?.live !== false, 'ReservationDiffers', 'the running network does not reserve it'],
    [leased === undefined || leased === wanted, 'LeaseDiffers', `the lease is of ${leased ?? ''}`],
    [holder === undefined, 'LeaseDiffers', `the lease is held by ${holder?.mac ?? ''}`],
    [dnsFailure === undefined, dnsFailure?.reason ?? '', dnsFailure?.message ?? ''],
    [
      dnsFailure !== undefined || forward,
      'ForwardDiffers',
      `DNS says that ${fqdn} is ${list(dns?.addresses ?? [])}`,
    ],
    [
      dnsFailure !== undefined || reverse,
      'ReverseDiffers',
      `DNS says that it is the address of ${list(dns?.names ?? [])}`,
    ],
    [
      hosts === undefined || sameOnly(hosts, wanted),
      'HostsDiffer',
      `the vmhost's file of hosts says that ${fqdn} is ${list(hosts ?? [])}`,
    ],
    [ssh?.ok === true, 'NotReached', `ssh does not reach the guest there: ${ssh?.message ?? 'not tried'}`],
  ];
  return parties.filter(([agrees]) => !agrees).map(([, reason, message]) => ({ reason, message }));
}

/** Whether a network's DNS says of the name and of the address what it shall, and no other address. */
export function dnsAgrees(
  dns: NodeProbes['dns'],
  { fqdn, address }: { readonly fqdn: string; readonly address: string },
): { readonly forward: boolean; readonly reverse: boolean } {
  return { forward: sameOnly(dns?.addresses, address), reverse: dns?.names.includes(fqdn) === true };
}

function sameOnly(found: readonly string[] | undefined, wanted: string): boolean {
  return found?.length === 1 && found[0] === wanted;
}

export function list(items: readonly string[]): string {
  return items.length === 0 ? 'unknown' : items.join(', ');
}
