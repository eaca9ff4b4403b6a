import { parseHosts } from '../../api/ipam/hosts-file.ts';
import type { Check, LeaseLine, Place, Verdict, VerifyWorld, WantedGuest } from './types.ts';
import { isOutOfSight } from './wanted.ts';
import { failed, list, ok, skipped, timed } from './verdict.ts';

type Names = ReadonlyMap<string, readonly string[]>;

/** What is looked at once for all guests. */
export interface Shared {
  readonly domains: VerifyWorld['domains'];
  readonly networks: VerifyWorld['networks'];
  readonly leases: (network: string) => Promise<ReadonlyMap<string, readonly LeaseLine[]>>;
  readonly hosts: (() => Promise<Names>) | undefined;
  readonly inventory: VerifyWorld['inventory'];
}

/** Each is asked for once, by whoever comes first. */
export function shareLooks(world: VerifyWorld): Shared {
  const { hosts, inventory } = world;
  const leases = new Map<string, ReturnType<Shared['leases']>>();
  return {
    domains: once(world.domains),
    networks: once(world.networks),
    leases(network) {
      const known =
        leases.get(network) ?? world.leases(network).then((all) => Map.groupBy(all, ({ mac }) => mac));
      leases.set(network, known);
      return known;
    },
    hosts: hosts && once(() => hosts().then(parseHosts)),
    inventory: inventory && once(inventory),
  };
}

function once<T>(look: () => Promise<T>): () => Promise<T> {
  let found: Promise<T> | undefined;
  return () => (found ??= look());
}

export function checkNetwork(world: VerifyWorld, shared: Shared, name: string): Promise<Check> {
  return timed(world, [`network/${name}`, 'network'], async () =>
    (await shared.networks()).has(name) ? ok('active') : failed('libvirt has no active network of this name'),
  );
}

/** What the vmhost shows of a guest, without a word from the guest itself. */
export async function checkOnVmhost(
  world: VerifyWorld,
  shared: Shared,
  guest: WantedGuest,
): Promise<Check[]> {
  const object = `node/${guest.name}`;
  const machine = await timed(world, [object, 'machine'], () => machineVerdict(shared, guest));
  const [first] = guest.places;
  const left = (guest.adopted && first === undefined) || isOutOfSight(guest);
  const isElsewhere = guest.elsewhere !== undefined;
  if (!guest.running || (machine.result !== 'ok' && !isElsewhere) || left) return [machine];
  if (first === undefined) {
    const none = (): Promise<Verdict> => Promise.resolve(failed('no network has an address for it yet'));
    return [machine, await timed(world, [object, 'lease'], none)];
  }
  const { hosts, inventory } = shared;
  const checks = [
    ...guest.places.flatMap((place) => [
      // Its own vmhost leases it.
      ...(isElsewhere ? [] : [timed(world, [object, 'lease'], () => leaseVerdict(shared, guest, place))]),
      timed(world, [object, 'dns'], () => dnsVerdict(world, place)),
    ]),
    ...(hosts === undefined || !guest.named
      ? []
      : [timed(world, [object, 'hosts'], async () => hostsVerdict(world, await hosts(), guest, first))]),
    ...(inventory === undefined || !guest.named
      ? []
      : [timed(world, [object, 'inventory'], async () => inventoryVerdict(await inventory(), guest, first))]),
  ];
  return [machine, ...(await Promise.all(checks))];
}

async function machineVerdict(
  { domains }: Shared,
  { name, running, elsewhere }: WantedGuest,
): Promise<Verdict> {
  if (elsewhere !== undefined) return skipped(`on ${elsewhere}, which verifies it`);
  const state = (await domains()).get(name);
  if (running) {
    if (state === 'running') return ok('running');
    return failed(state === undefined ? 'libvirt has no domain of this name' : `${state} instead of running`);
  }
  if (state === 'shutoff' || state === undefined) return ok('off, as its manifest says');
  return failed(`${state}, though its manifest says spec.power: Stopped`);
}

async function leaseVerdict(
  { leases }: Shared,
  { adopted }: WantedGuest,
  { network, mac, ip }: Place,
): Promise<Verdict> {
  const found = (await leases(network)).get(mac) ?? [];
  const lease = found.find((each) => each.ip === ip);
  if (lease !== undefined) return ok(`${ip} until ${lease.expires}`);
  if (found.length > 0)
    return failed(`${network} leases ${list(found.map((each) => each.ip))} to ${mac} instead of ${ip}`);
  // A guest of others may have its address by itself.
  return (adopted ? skipped : failed)(`${network} has no lease for ${mac}`);
}

async function dnsVerdict(
  { dns }: VerifyWorld,
  { network, gateway, ip, hostnames }: Place,
): Promise<Verdict> {
  if (gateway === undefined) return skipped(`${network} has no address on the vmhost to ask`);
  const [fqdn = ''] = hostnames;
  const [names, ...forward] = await Promise.all([
    dns.names(gateway, ip),
    ...hostnames.map((name) => dns.addresses(gateway, name)),
  ]);
  const wrong = hostnames.flatMap((name, index) => {
    const addresses = forward[index] ?? [];
    return addresses.length === 1 && addresses[0] === ip ? [] : [`${name} is ${list(addresses)}`];
  });
  if (!names.includes(fqdn)) wrong.push(`${ip} is ${list(names)}`);
  if (wrong.length === 0) return ok(`${gateway} says ${fqdn} is ${ip}, both ways`);
  return failed(`${gateway} says ${wrong.join('; ')} instead of ${fqdn}, ${ip}`);
}

async function hostsVerdict(
  { resolve }: VerifyWorld,
  hosts: Names,
  { name }: WantedGuest,
  { ip, hostnames }: Place,
): Promise<Verdict> {
  const [fqdn = name] = hostnames;
  const inFile = [fqdn, name].filter((each) => hosts.get(each)?.includes(ip) !== true);
  if (inFile.length > 0) return failed(`the file of hosts does not say that ${list(inFile)} is ${ip}`);
  const [addresses, back] = await Promise.all([resolve.addresses(name), resolve.name(ip)]);
  if (!addresses.includes(ip))
    return failed(`the vmhost resolves ${name} to ${list(addresses)} instead of ${ip}`);
  if (back !== fqdn && back !== name)
    return failed(`the vmhost resolves ${ip} to ${back} instead of ${fqdn}`);
  return ok(`${ip} ${fqdn}, both ways`);
}

function inventoryVerdict(
  inventory: Awaited<ReturnType<NonNullable<VerifyWorld['inventory']>>>,
  { role = 'ungrouped' }: WantedGuest,
  { ip, hostnames: [fqdn = ''] }: Place,
): Verdict {
  const host = inventory.get(fqdn);
  if (host === undefined) return failed(`the inventory has no host ${fqdn}`);
  if (host.address !== ip)
    return failed(`the inventory has ${host.address ?? 'no address'} for ${fqdn} instead of ${ip}`);
  if (!host.groups.includes(role))
    return failed(`the inventory has ${fqdn} in ${list(host.groups)} instead of ${role}`);
  return ok(`in group ${role}`);
}
