import { attribute, elements, first, parseXml, textOf, type XmlElement } from '../xml.ts';
import { parseNetworkMark, type NetworkMark } from '../ownership/mark.ts';

export interface DhcpHost {
  readonly mac?: string;
  readonly ip: string;
  readonly name?: string;
}
export interface DnsHost {
  readonly ip: string;
  readonly hostnames: readonly string[];
}

/** What k8slab models of libvirt's network XML; the rest of the document is kept beside it, untouched. */
export interface NetworkModel {
  readonly name: string;
  readonly uuid?: string;
  readonly bridge?: { readonly name?: string; readonly stp?: string; readonly delay?: string };
  readonly mac?: string;
  readonly mtu?: string;
  readonly domain?: { readonly name?: string; readonly localOnly: boolean };
  /** Absent on an isolated network. */
  readonly forward?: { readonly mode: string; readonly dev?: string; readonly ports?: string };
  readonly dns: {
    readonly enabled: boolean;
    readonly forwarders: readonly string[];
    readonly hosts: readonly DnsHost[];
  };
  readonly ip?: { readonly address: string; readonly netmask?: string; readonly prefix?: string };
  readonly ranges: readonly { readonly start: string; readonly end: string; readonly lease?: string }[];
  readonly hosts: readonly DhcpHost[];
  readonly options: readonly string[];
  readonly mark?: NetworkMark;
}

export interface NetworkDocument {
  readonly root: XmlElement;
  readonly model: NetworkModel;
}

/** @param text output of `virsh net-dumpxml`, live or --inactive */
export function parseNetwork(text: string): NetworkDocument {
  const root = parseXml(text);
  return { root, model: modelNetwork(root) };
}

export function modelNetwork(root: XmlElement): NetworkModel {
  const ip = servedIpv4(root);
  const mark = parseNetworkMark(root);
  return {
    name: textOf(first(root, 'name')) ?? '',
    ...optional('uuid', textOf(first(root, 'uuid'))),
    ...optional('bridge', pick(first(root, 'bridge'), ['name', 'stp', 'delay'])),
    ...optional('mac', attribute(first(root, 'mac'), 'address')),
    ...optional('mtu', attribute(first(root, 'mtu'), 'size')),
    ...optional('domain', modelDomain(first(root, 'domain'))),
    ...optional('forward', modelForward(first(root, 'forward'))),
    dns: modelDns(first(root, 'dns')),
    ...optional('ip', modelIp(ip)),
    ranges: elements(first(ip, 'dhcp'), 'range').map(modelRange),
    hosts: elements(first(ip, 'dhcp'), 'host').map(modelHost),
    options: elements(first(root, 'dnsmasq:options'), 'dnsmasq:option').map(
      (o) => attribute(o, 'value') ?? '',
    ),
    ...optional('mark', mark),
  };
}

/** The IPv4 element that DHCP is served on, which libvirt allows on one only; else the first. IPv6 ones are foreign. */
export function servedIpv4(root: XmlElement): XmlElement | undefined {
  const all = elements(root, 'ip').filter((ip) => (attribute(ip, 'family') ?? 'ipv4') === 'ipv4');
  return all.find((ip) => first(ip, 'dhcp') !== undefined) ?? all[0];
}

/** Its place among all <ip>, where there are several. */
export function ipv4Index(root: XmlElement): number | undefined {
  const all = elements(root, 'ip');
  const ip = servedIpv4(root);
  return all.length < 2 || ip === undefined ? undefined : all.indexOf(ip);
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}

function pick<K extends string>(
  node: XmlElement | undefined,
  names: readonly K[],
): { [P in K]?: string } | undefined {
  if (node === undefined) return undefined;
  return Object.assign({}, ...names.map((name) => optional(name, attribute(node, name)))) as {
    [P in K]?: string;
  };
}

function modelDomain(node: XmlElement | undefined): NetworkModel['domain'] {
  if (node === undefined) return undefined;
  return { ...pick(node, ['name']), localOnly: attribute(node, 'localOnly') === 'yes' };
}

function modelForward(node: XmlElement | undefined): NetworkModel['forward'] {
  if (node === undefined) return undefined;
  const dev = attribute(node, 'dev') ?? attribute(first(node, 'interface'), 'dev');
  const port = first(first(node, 'nat'), 'port');
  const ports = port && `${attribute(port, 'start') ?? ''}-${attribute(port, 'end') ?? ''}`;
  return { mode: attribute(node, 'mode') ?? 'nat', ...optional('dev', dev), ...optional('ports', ports) };
}

function modelDns(node: XmlElement | undefined): NetworkModel['dns'] {
  return {
    enabled: attribute(node, 'enable') !== 'no',
    forwarders: elements(node, 'forwarder')
      .filter((forwarder) => attribute(forwarder, 'domain') === undefined)
      .map((forwarder) => attribute(forwarder, 'addr') ?? ''),
    hosts: elements(node, 'host').map((host) => ({
      ip: attribute(host, 'ip') ?? '',
      hostnames: elements(host, 'hostname').map((name) => textOf(name) ?? ''),
    })),
  };
}

function modelIp(node: XmlElement | undefined): NetworkModel['ip'] {
  const address = attribute(node, 'address');
  return address === undefined ? undefined : { address, ...pick(node, ['netmask', 'prefix']) };
}

function modelRange(node: XmlElement): NetworkModel['ranges'][number] {
  const lease = first(node, 'lease');
  const expiry = attribute(lease, 'expiry');
  return {
    start: attribute(node, 'start') ?? '',
    end: attribute(node, 'end') ?? '',
    ...optional('lease', expiry && leaseOf(expiry, attribute(lease, 'unit') ?? 'minutes')),
  };
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { minutes: 60, hours: 3600 };

function leaseOf(expiry: string, unit: string): string {
  const factor = UNIT_SECONDS[unit];
  return factor === undefined ? `${expiry} ${unit}` : `${Number(expiry) * factor} seconds`;
}

function modelHost(node: XmlElement): DhcpHost {
  return {
    ...optional('mac', attribute(node, 'mac')?.toLowerCase()),
    ip: attribute(node, 'ip') ?? '',
    ...optional('name', attribute(node, 'name')),
  };
}
