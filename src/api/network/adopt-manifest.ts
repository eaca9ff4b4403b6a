import { dnsName, interfaceName, ipv4, objectName } from '../kinds/fields.ts';
import { dnsmasqOption, leaseTime, mtu } from './spec.ts';
import { formatAddress, readAddress } from '../ipam/address.ts';
import { contains, formatSubnet, hosts, interfaceOf, type Subnet } from '../ipam/subnet.ts';
import type { DnsHost, NetworkModel } from '../libvirt/network.ts';
import { aliasName, fqdn } from '../ipam/names.ts';
import { leaseSeconds, MODES } from './adopt.ts';
import type { FoundNetwork, FoundManifest, FoundWorld, Skipped } from '../adopt/world.ts';

/** A network as the manifest that takes it over and changes nothing; or why there can be none. */
export function networkManifest(found: FoundNetwork, world: FoundWorld): FoundManifest | Skipped {
  const { name, config, autostart } = found;
  const { model } = config;
  const what = `network/${name}`;
  const named = objectName.safeParse(name);
  if (!named.success) return { what, why: `its name ${named.error.issues[0]?.message ?? ''}` };
  if (!found.persistent) return { what, why: 'it is transient: virsh net-define makes it last' };
  const mode = MODES.find((known) => known === (model.forward?.mode ?? 'isolated'));
  if (mode === undefined) return { what, why: `k8slab has no forward mode ${model.forward?.mode ?? ''}` };
  const block = model.ip && interfaceOf(model.ip);
  if (block?.subnet.family !== 'ipv4') return { what, why: 'it has no IPv4 address with a netmask' };
  const { address, subnet } = block;
  const domain = dnsName.safeParse(model.domain?.name).data;
  const { records, others } = recordsOf(model, world, name);
  const spec = {
    ...(domain === undefined ? {} : { domain }),
    cidr: formatSubnet(subnet),
    ...(hosts(subnet).first === address.value ? {} : { gateway: formatAddress(address) }),
    forward: forwardOf(model, mode),
    bridge: bridgeOf(model),
    ...mtuOf(model),
    ...dhcpOf(model, subnet),
    ...dnsOf(model, domain, records),
    autostart,
    policy: { adopt: true },
  };
  return { kind: 'Network', name, spec, notes: [...others, ...strangers(model, world)] };
}

function forwardOf({ forward }: NetworkModel, mode: string): Record<string, unknown> {
  const [start, end] = (forward?.ports ?? '').split('-').map(Number);
  const takesDev = mode === 'nat' || mode === 'route';
  return {
    mode,
    ...(takesDev && interfaceName.safeParse(forward?.dev).success ? { dev: forward?.dev } : {}),
    ...(mode === 'nat' && start !== undefined && end !== undefined ? { natPorts: { start, end } } : {}),
  };
}

function bridgeOf({ bridge }: NetworkModel): Record<string, unknown> {
  const delay = Number(bridge?.delay ?? Number.NaN);
  return {
    ...(interfaceName.safeParse(bridge?.name).success ? { name: bridge?.name } : {}),
    ...(bridge?.stp === undefined ? {} : { stp: bridge.stp === 'on' }),
    ...(Number.isInteger(delay) && delay <= 30 ? { delaySeconds: delay } : {}),
  };
}

function mtuOf(model: NetworkModel): Record<string, unknown> {
  const { data: bytes } = mtu.safeParse(Number(model.mtu));
  return bytes === undefined ? {} : { mtu: bytes };
}

/** One range at most can be said; others stay because none is named. */
function dhcpOf({ ranges }: NetworkModel, subnet: Subnet): Record<string, unknown> {
  const [range, ...more] = ranges;
  if (range === undefined || more.length > 0) return {};
  const { start, end, lease } = range;
  const ends = [start, end].map(readAddress);
  if (!ends.every((address) => address !== undefined && contains(subnet, address))) return {};
  if (lease === undefined) return { dhcp: { start, end } };
  const { data: seconds } = leaseTime.safeParse(leaseSeconds(lease));
  return seconds === undefined ? {} : { dhcp: { start, end, leaseSeconds: seconds } };
}

function dnsOf(
  model: NetworkModel,
  domain: string | undefined,
  records: readonly DnsHost[],
): Record<string, unknown> {
  const forwarders = model.dns.forwarders.filter((address) => ipv4.safeParse(address).success);
  const options = model.options.filter((option) => dnsmasqOption.safeParse(option).success);
  const dns = {
    ...(domain === undefined ? {} : { localOnly: model.domain?.localOnly === true }),
    ...(forwarders.length === 0 ? {} : { forwarders: [...new Set(forwarders)] }),
    ...(records.length === 0
      ? {}
      : { records: records.map(({ ip, hostnames }) => ({ address: ip, hostnames: [...hostnames] })) }),
    ...(options.length === 0 ? {} : { dnsmasqOptions: [...new Set(options)] }),
  };
  return Object.keys(dns).length === 0 ? {} : { dns };
}

/** Names that belong to no machine of libvirt's. Those of machines are said by their Nodes, or stay by themselves. */
function recordsOf(
  model: NetworkModel,
  { domains }: FoundWorld,
  network: string,
): { records: DnsHost[]; others: string[] } {
  const nics = domains.flatMap(({ config }) => config.model.interfaces);
  const macs = new Set(nics.filter((nic) => nic.network === network).map(({ mac }) => mac));
  const machines = new Set(
    model.hosts.filter(({ mac }) => mac !== undefined && macs.has(mac)).map(({ ip }) => ip),
  );
  const taken = new Set(domains.map(({ name }) => fqdn(name, model.domain?.name)));
  const merged = [...Map.groupBy(model.dns.hosts, ({ ip }) => ip)].map(([ip, same]) => ({
    ip,
    hostnames: same.flatMap(({ hostnames }) => hostnames),
  }));
  const free = merged.filter(({ ip }) => !machines.has(ip));
  const isRecord = ({ ip, hostnames }: DnsHost): boolean =>
    ipv4.safeParse(ip).success &&
    hostnames.every(
      (name) => dnsName.safeParse(name).success && !taken.has(aliasName(name, model.domain?.name)),
    );
  const { yes: records = [], no: foreign = [] } = Object.groupBy(free, (host) =>
    isRecord(host) ? 'yes' : 'no',
  );
  const others = foreign.map(
    ({ ip, hostnames }) => `stays as it is, and is not said here: ${hostnames.join(', ')} for ${ip}`,
  );
  return { records, others };
}

function strangers({ hosts: reservations }: NetworkModel, { domains }: FoundWorld): string[] {
  const macs = new Set(domains.flatMap(({ config }) => config.model.interfaces.map(({ mac }) => mac)));
  return reservations
    .filter(({ mac }) => mac === undefined || !macs.has(mac))
    .map(
      ({ ip, mac, name }) =>
        `stays as it is, and is not said here: ${ip} for ${mac ?? name ?? 'a machine'}, which is no domain`,
    );
}
