import { contentHash } from '../canonical.ts';
import { netmask } from '../ipam/subnet.ts';
import { NameSet } from './foreign.ts';
import type { HostDirs } from './host-dirs.ts';
import type { NetworkSpec } from './spec.ts';
import { withMark, type NetworkMark } from '../ownership/mark.ts';
import { servedIpv4, type DnsHost } from '../libvirt/network.ts';
import {
  attribute,
  editChild,
  element,
  elements,
  first,
  replaceChildren,
  textOf,
  withAttributes,
  withChild,
  withChildren,
  type XmlElement,
} from '../xml.ts';
import type { NetworkEntry } from '../ipam/entry.ts';

const MTU = 'mtu';
const NAT_PORTS = 'forward.natPorts';
const DNSMASQ_NAMESPACE = 'http://libvirt.org/schemas/network/dnsmasq/1.0';

/** A network as it shall be defined: the manifest, with what all Nodes on it claim. */
export interface DesiredNetwork {
  readonly name: string;
  readonly spec: NetworkSpec;
  /** The manifest's own, where `spec` has what it does not name from libvirt. */
  readonly asked?: NetworkSpec;
  readonly bridge: string;
  readonly gateway: string;
  readonly netmask: string;
  /** Of addresses for machines without a reservation; undefined: the ranges stay as they are. */
  readonly ranges?: readonly { readonly start: string; readonly end: string }[];
  readonly entries: readonly NetworkEntry[];
  /** Names beside those of the Nodes, as far as no foreign record has them. */
  readonly records: readonly DnsHost[];
  /** Lines of <dnsmasq:options> that k8slab puts there. */
  readonly options: readonly string[];
  /** Why nothing is changed: the manifests of its Nodes say the opposite. */
  readonly contradicted?: string;
  /** MAC addresses of reservations of ours that only the running network still has. */
  readonly former?: readonly string[];
  /** Lease time of DHCP ranges that stay, where the manifest names it. */
  readonly leaseSeconds?: number;
  /** The directories that two of those name. */
  readonly hostDirs: HostDirs;
}

/**
 * The network's definition. What the manifest says is written over `base` (the network's --inactive XML, where it
 * exists); uuid, bridge MAC, foreign hosts and all that k8slab does not model stay as they are.
 * @param owned the mark found in `base`: entries, options and forwarders k8slab wrote there before
 */
export function renderNetwork(
  desired: DesiredNetwork,
  base: XmlElement | undefined,
  owned: NetworkMark | undefined,
): XmlElement {
  const { spec, name } = desired;
  let root = base ?? element('network', {}, [element('name', {}, [name])]);
  root = withMark(root, markOf(desired, owned));
  const wrote = new Set(owned?.fields);
  root = withChild(root, 'forward', renderForward(spec, first(root, 'forward'), wrote.has(NAT_PORTS)));
  root = editChild(root, 'bridge', (bridge) =>
    withAttributes(bridge, {
      name: desired.bridge,
      stp: onOff(spec.bridge.stp),
      delay: spec.bridge.delaySeconds,
    }),
  );
  if (spec.bridge.mac !== undefined) {
    root = withChild(root, 'mac', element('mac', { address: spec.bridge.mac.toLowerCase() }));
  }
  if (spec.mtu !== undefined) root = withChild(root, 'mtu', element('mtu', { size: spec.mtu }));
  else if (wrote.has(MTU)) root = withChild(root, 'mtu', undefined);
  root = withChild(root, 'domain', renderDomain(spec, first(root, 'domain')));
  root = editChild(root, 'dns', (dns) => renderDns(dns, desired, owned));
  root = renderIp(root, desired, owned);
  return renderOptions(root, desired, owned);
}

function markOf(desired: DesiredNetwork, owned: NetworkMark | undefined): NetworkMark {
  const { name, spec, entries, records, options, former = [], ranges } = desired;
  const fields = [
    ...(spec.mtu === undefined ? [] : [MTU]),
    ...(spec.forward.natPorts === undefined ? [] : [NAT_PORTS]),
  ];
  const adopted = owned?.adopted === true;
  return {
    kind: 'Network',
    name,
    ...(adopted ? { adopted } : {}),
    applied: specHash(desired),
    entries,
    records,
    options,
    forwarders: spec.dns.forwarders,
    fields,
    ...(former.length === 0 ? {} : { former }),
    ...(adopted && ranges !== undefined ? { ranges: ranges.map(rangeText) } : {}),
  };
}

function rangeText({
  start,
  end,
}: {
  readonly start: string | undefined;
  readonly end: string | undefined;
}): string {
  return `${start ?? ''}-${end ?? ''}`;
}

/** Identifies all that the manifests ask of a network; what k8slab may do on its own is no part of it. */
export function specHash({ spec, asked = spec, entries, options }: DesiredNetwork): string {
  return contentHash({ spec: { ...asked, policy: undefined }, entries, options }).slice(0, 16);
}

function onOff(on: boolean): string {
  return on ? 'on' : 'off';
}

function renderForward(
  spec: NetworkSpec,
  current: XmlElement | undefined,
  wrotePorts: boolean,
): XmlElement | undefined {
  const { mode, dev, natPorts } = spec.forward;
  if (mode === 'isolated') return undefined;
  let forward = withAttributes(current ?? element('forward'), { mode, dev });
  forward = replaceChildren(
    forward,
    (child) => child.name === 'interface',
    dev === undefined ? [] : [element('interface', { dev })],
  );
  if (mode !== 'nat') return withChild(forward, 'nat', undefined);
  if (natPorts === undefined && !wrotePorts) return forward;
  return editChild(forward, 'nat', (nat) =>
    withChild(nat, 'port', natPorts && element('port', { start: natPorts.start, end: natPorts.end })),
  );
}

function renderDomain(spec: NetworkSpec, current: XmlElement | undefined): XmlElement | undefined {
  if (spec.domain === undefined) return undefined;
  const localOnly = spec.dns.localOnly ? 'yes' : 'no';
  return withAttributes(current ?? element('domain'), { name: spec.domain, localOnly });
}

function renderDns(dns: XmlElement, desired: DesiredNetwork, owned: NetworkMark | undefined): XmlElement {
  const { forwarders } = desired.spec.dns;
  const ours = new Set([...forwarders, ...(owned?.forwarders ?? [])]);
  const ourForwarder = (child: XmlElement): boolean =>
    child.name === 'forwarder' &&
    attribute(child, 'domain') === undefined &&
    ours.has(attribute(child, 'addr') ?? '');
  // libvirt refuses names on a network whose DNS is off; where others turned it off and no name is wanted, it stays off.
  const mayStayOff = owned?.adopted === true && forwarders.length + desiredDnsHosts(desired).length === 0;
  const withForwarders = replaceChildren(
    attribute(dns, 'enable') === 'no' && !mayStayOff ? withAttributes(dns, { enable: undefined }) : dns,
    ourForwarder,
    forwarders.map((addr) => element('forwarder', { addr })),
  );
  const wanted = desiredDnsHosts(desired);
  const claimed = new NameSet([...(owned?.entries ?? []), ...(owned?.records ?? []), ...wanted]);
  const foreign = elements(withForwarders, 'host')
    .map((host) => withoutNames(host, claimed))
    .filter((host) => host !== undefined);
  const own = wanted.map((host) =>
    element(
      'host',
      { ip: host.ip },
      host.hostnames.map((name) => element('hostname', {}, [name])),
    ),
  );
  return replaceChildren(withForwarders, (child) => child.name === 'host', mergeByIp([...own, ...foreign]));
}

/** One <host> per address, as libvirt wants it: names by others on an address of ours join ours. */
function mergeByIp(hosts: readonly XmlElement[]): XmlElement[] {
  const groups = Map.groupBy(hosts, (host) => attribute(host, 'ip') ?? '');
  return [...groups.values()].map((group) => {
    const [host, ...more] = group as [XmlElement, ...XmlElement[]];
    return more.length === 0
      ? host
      : withChildren(
          host,
          group.flatMap(({ children }) => children),
        );
  });
}

function withoutNames(host: XmlElement, names: NameSet): XmlElement | undefined {
  const ip = attribute(host, 'ip') ?? '';
  const kept = elements(host, 'hostname').filter((name) => !names.has(ip, textOf(name) ?? ''));
  return kept.length === 0 ? undefined : withChildren(host, kept);
}

/** All names k8slab wants on the network, one host per address, in the order of the manifests. */
export function desiredDnsHosts(desired: DesiredNetwork): DnsHost[] {
  return dnsHosts(desired.entries, desired.records);
}

export function dnsHosts(entries: readonly NetworkEntry[], records: readonly DnsHost[]): DnsHost[] {
  const byIp = new Map<string, Set<string>>();
  for (const { ip, hostnames } of [...entries, ...records]) {
    const names = byIp.get(ip) ?? new Set();
    for (const name of hostnames) names.add(name);
    byIp.set(ip, names);
  }
  return [...byIp].map(([ip, names]) => ({ ip, hostnames: [...names] }));
}

function renderIp(root: XmlElement, desired: DesiredNetwork, owned: NetworkMark | undefined): XmlElement {
  const existing = servedIpv4(root);
  const ip = withAttributes(existing ?? element('ip'), {
    address: desired.gateway,
    ...(hasPrefixOf(existing, desired.netmask) ? {} : { prefix: undefined, netmask: desired.netmask }),
  });
  const dhcp = renderDhcp(first(ip, 'dhcp') ?? element('dhcp'), desired, owned);
  const edited = withChild(ip, 'dhcp', dhcp.children.length === 0 ? undefined : dhcp);
  return existing === undefined
    ? withChildren(root, [...root.children, edited])
    : replaceChildren(root, (child) => child === existing, [edited]);
}

/** libvirt keeps either way of writing it. */
function hasPrefixOf(ip: XmlElement | undefined, mask: string): boolean {
  const prefix = attribute(ip, 'prefix');
  return prefix !== undefined && netmask(Number(prefix)) === mask;
}

function renderDhcp(dhcp: XmlElement, desired: DesiredNetwork, owned: NetworkMark | undefined): XmlElement {
  const withRange = renderRanges(dhcp, desired, owned);
  const ours = new Set([...(owned?.entries ?? []), ...desired.entries].map((entry) => entry.mac));
  return replaceChildren(
    withRange,
    (child) => child.name === 'host' && ours.has((attribute(child, 'mac') ?? '').toLowerCase()),
    desired.entries.map(renderReservation),
  );
}

/** Of a network that was adopted only the first range is the manifest's, or those that k8slab wrote for it. */
function renderRanges(dhcp: XmlElement, desired: DesiredNetwork, owned: NetworkMark | undefined): XmlElement {
  const { ranges, leaseSeconds } = desired;
  if (ranges === undefined) return leaseSeconds === undefined ? dhcp : withLeaseTime(dhcp, leaseSeconds);
  const time = desired.spec.dhcp.leaseSeconds;
  const lease = time === undefined ? [] : [leaseOf(time)];
  const [initial] = elements(dhcp, 'range');
  const known = owned?.ranges === undefined ? undefined : new Set(owned.ranges);
  const isOurs = (range: XmlElement): boolean => {
    if (owned?.adopted !== true) return true;
    const text = rangeText({ start: attribute(range, 'start'), end: attribute(range, 'end') });
    return known === undefined ? range === initial : known.has(text);
  };
  return replaceChildren(
    dhcp,
    (child) => child.name === 'range' && isOurs(child),
    ranges.map(({ start, end }) => element('range', { start, end }, lease)),
  );
}

function withLeaseTime(dhcp: XmlElement, seconds: number): XmlElement {
  const timed = elements(dhcp, 'range').map((range) => withChild(range, 'lease', leaseOf(seconds)));
  return replaceChildren(dhcp, (child) => child.name === 'range', timed);
}

function leaseOf(seconds: number): XmlElement {
  return element('lease', { expiry: seconds, unit: 'seconds' });
}

export function renderReservation(entry: NetworkEntry): XmlElement {
  return element('host', { mac: entry.mac, name: entry.hostnames[0], ip: entry.ip });
}

function renderOptions(
  root: XmlElement,
  desired: DesiredNetwork,
  owned: NetworkMark | undefined,
): XmlElement {
  const ours = new Set([...desired.options, ...(owned?.options ?? [])]);
  const current = first(root, 'dnsmasq:options') ?? element('dnsmasq:options');
  const options = replaceChildren(
    current,
    (child) => child.name === 'dnsmasq:option' && ours.has(attribute(child, 'value') ?? ''),
    desired.options.map((value) => element('dnsmasq:option', { value })),
  );
  const edited = withChild(root, 'dnsmasq:options', options.children.length === 0 ? undefined : options);
  return withAttributes(edited, { 'xmlns:dnsmasq': DNSMASQ_NAMESPACE });
}
