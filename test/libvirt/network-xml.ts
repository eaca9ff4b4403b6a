import {
  attribute,
  element,
  elements,
  first,
  textOf,
  withAttributes,
  withChildren,
  type XmlElement,
} from '../../src/api/xml.ts';
import { blockOf, contains, familyOf, hostsOf, ips, isV4, number4, rangesOf } from './addresses.ts';
import { isMulticast, refuse } from './state.ts';

/** Elements of a network that libvirt knows, in the order in which it prints them; it drops all others. */
const KNOWN = [
  'name',
  'uuid',
  'title',
  'description',
  'metadata',
  'forward',
  'bridge',
  'mtu',
  'mac',
  'domain',
  'dns',
  'vlan',
  'bandwidth',
  'port',
  'ip',
  'route',
  'virtualport',
  'portgroup',
  'dnsmasq:options',
];
const MODES = ['nat', 'route', 'open', 'bridge', 'private', 'vepa', 'passthrough', 'hostdev'];

export interface Given {
  readonly uuid: string;
  readonly bridge: string;
  readonly mac: string;
}

/** A definition as libvirt prints it: what was left out is filled in, what it does not know is gone. */
export function completeNetwork(root: XmlElement, given: Given): XmlElement {
  const bridge = first(root, 'bridge') ?? element('bridge');
  const { name = given.bridge, stp = 'on', delay = '0', ...rest } = bridge.attributes;
  const bridged = bridge.attributes['name'] === '' ? given.bridge : name;
  const children = [
    ...elements(root).filter(({ name: child }) => !['bridge', 'uuid', 'mac'].includes(child)),
    first(root, 'uuid') ?? element('uuid', {}, [given.uuid]),
    element('bridge', { ...rest, name: bridged, stp, delay }),
    first(root, 'mac') ?? element('mac', { address: given.mac }),
  ].filter(({ name: child }) => KNOWN.includes(child));
  const ordered = children.toSorted((a, b) => KNOWN.indexOf(a.name) - KNOWN.indexOf(b.name));
  return withAttributes(withChildren(root, ordered.map(dropEmpty)), { connections: undefined });
}

/** libvirt prints no empty <dhcp> and no empty <dns>. */
function dropEmpty(child: XmlElement): XmlElement {
  if (child.name !== 'ip') return child;
  return withChildren(
    child,
    elements(child).filter(({ name, children }) => name !== 'dhcp' || children.length > 0),
  );
}

/** What libvirt's parser refuses. @throws VirshError InvalidXml or OperationFailed */
export function checkNetwork(op: string, root: XmlElement): void {
  const name = textOf(first(root, 'name')) ?? '';
  if (name === '') refuse(op, 'XML error: missing network name', 'InvalidXml');
  checkForward(op, root);
  const mac = attribute(first(root, 'mac'), 'address');
  if (mac !== undefined && isMulticast(mac))
    refuse(op, `XML error: Invalid multicast bridge mac address '${mac}'`, 'InvalidXml');
  for (const ip of ips(root)) {
    for (const range of rangesOf(ip)) checkRange(op, ip, range);
    for (const host of hostsOf(ip)) checkHost(op, isV4(ip), host);
  }
  for (const host of elements(first(root, 'dns'), 'host')) checkDnsHost(op, host);
  const served = ips(root).filter((ip) => isV4(ip) && first(ip, 'dhcp')?.children.length);
  if (served.length > 1)
    refuse(op, 'unsupported configuration: Multiple IPv4 dhcp sections found -- dhcp is supported only once');
}

function checkForward(op: string, root: XmlElement): void {
  const forward = first(root, 'forward');
  if (forward === undefined) return;
  const mode = attribute(forward, 'mode') ?? 'nat';
  if (!MODES.includes(mode)) refuse(op, `unsupported configuration: unknown forwarding type '${mode}'`);
  if (mode === 'open' && attribute(forward, 'dev') !== undefined)
    refuse(op, "XML error: forward dev not allowed for network with forward mode='open'", 'InvalidXml');
  if (mode !== 'nat' && first(forward, 'nat') !== undefined)
    refuse(op, "XML error: The <nat> element can only be used when <forward> 'mode' is 'nat'", 'InvalidXml');
  if (mode === 'bridge' && ips(root).length > 0)
    refuse(op, "unsupported configuration: Unsupported <ip> element in network with forward mode='bridge'");
}

export function checkRange(op: string, ip: XmlElement, range: XmlElement): void {
  const [start = '', end = ''] = [attribute(range, 'start'), attribute(range, 'end')];
  const block = blockOf(ip);
  if (block === undefined) return;
  if (number4(start) > number4(end)) refuse(op, `internal error: range ${start} - ${end} is reversed`);
  if (!contains(block, start) || !contains(block, end))
    refuse(op, `internal error: range ${start} - ${end} is not entirely within network`);
}

/** An address outside of its network is taken, and so is one that another host has. */
export function checkHost(op: string, v4: boolean, host: XmlElement): void {
  const { mac, name, ip } = host.attributes;
  if (mac !== undefined && isMulticast(mac))
    refuse(op, `XML error: expected unicast mac address, found multicast '${mac}'`, 'InvalidXml');
  if (v4 && mac === undefined && name === undefined)
    refuse(op, 'XML error: Static host definition must have mac or name attribute', 'InvalidXml');
  if (ip === undefined) refuse(op, 'XML error: Missing IP address in static host definition', 'InvalidXml');
}

/** Of net-update only; a definition may mix them. */
export function checkFamily(op: string, parent: XmlElement, host: XmlElement): void {
  const family = isV4(parent) ? 'ipv4' : 'ipv6';
  if (familyOf(attribute(host, 'ip') ?? '') !== family)
    refuse(op, 'the address family of a host entry IP must match the address family of its parent');
}

export function checkDnsHost(op: string, host: XmlElement, partial = false): void {
  if (partial) return;
  if (attribute(host, 'ip') === undefined)
    refuse(op, 'XML error: Missing IP address in network DNS HOST record', 'InvalidXml');
  if (elements(host, 'hostname').length === 0)
    refuse(op, 'XML error: Missing hostname in network DNS HOST record', 'InvalidXml');
}

export function withConnections(root: XmlElement, count: number): XmlElement {
  return withAttributes(root, { connections: count === 0 ? undefined : count });
}
