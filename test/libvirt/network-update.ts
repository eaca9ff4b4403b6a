import {
  attribute,
  element,
  elements,
  first,
  textOf,
  withChildren,
  type XmlElement,
} from '../../src/api/xml.ts';
import { hostsOf, ips, isV4, rangesOf } from './addresses.ts';
import { checkDnsHost, checkFamily, checkHost, checkRange } from './network-xml.ts';
import { parseGiven, refuse } from './state.ts';

const OP = 'net-update';

export interface Update {
  readonly command: 'add' | 'add-first' | 'modify' | 'delete';
  readonly section: string;
  readonly xml: string;
  readonly parentIndex?: number;
}

interface Named {
  readonly element: string;
  readonly parent?: string;
  /** The attribute by which two of them are the same. */
  readonly key: string;
}

const NAMED: Readonly<Record<string, Named>> = {
  'forward-interface': { element: 'interface', parent: 'forward', key: 'dev' },
  portgroup: { element: 'portgroup', key: 'name' },
  'dns-txt': { element: 'txt', parent: 'dns', key: 'name' },
  'dns-srv': { element: 'srv', parent: 'dns', key: 'service' },
};
const FIXED = ['bridge', 'domain', 'ip', 'forward', 'forward-pf'];

/** The document after net-update. @throws VirshError where libvirt refuses (libvirt-facts T2, T3, T4, F1, F3) */
export function updateNetwork(root: XmlElement, update: Update, version: string): XmlElement {
  const { section } = update;
  if (section === 'ip-dhcp-host') return updateHost(root, update);
  if (section === 'ip-dhcp-range') return updateRange(root, update);
  if (section === 'dns-host') return updateDnsHost(root, update, version);
  const named = NAMED[section];
  if (named !== undefined) return updateNamed(root, update, named);
  const known = FIXED.includes(section);
  return refuse(
    OP,
    known ? `can't update '${section}' section of network` : `unrecognized section name '${section}'`,
  );
}

/** Any attribute that two share makes them alike to `add` and `modify`; to `delete`, all that are given. */
function updateHost(root: XmlElement, { command, xml, parentIndex }: Update): XmlElement {
  const parent = parentIp(root, parentIndex);
  const host = parseGiven(OP, xml, 'host');
  if (command !== 'delete') checkHost(OP, isV4(parent), host);
  if (attribute(host, 'ip') !== undefined) checkFamily(OP, parent, host);
  const hosts = hostsOf(parent);
  const matches = command === 'delete' ? hasAll : sharesAny;
  const alike = hosts.find((other) => matches(host, other));
  if (command.startsWith('add') && alike !== undefined)
    refuse(OP, `there is an existing dhcp host entry in network that matches "${xml}"`, 'AlreadyExists');
  if (!command.startsWith('add') && alike === undefined)
    refuse(OP, "couldn't locate a matching dhcp host entry in network");
  return withHosts(root, parent, edited(hosts, command, host, alike));
}

const HOST_KEYS = ['mac', 'name', 'ip'];

function sharesAny(host: XmlElement, other: XmlElement): boolean {
  return HOST_KEYS.some((key) => same(host, other, key) && attribute(host, key) !== undefined);
}

function hasAll(host: XmlElement, other: XmlElement): boolean {
  return HOST_KEYS.every((key) => attribute(host, key) === undefined || same(host, other, key));
}

function same(a: XmlElement, b: XmlElement, key: string): boolean {
  return attribute(a, key)?.toLowerCase() === attribute(b, key)?.toLowerCase();
}

function updateRange(root: XmlElement, { command, xml, parentIndex }: Update): XmlElement {
  const parent = parentIp(root, parentIndex);
  const range = parseGiven(OP, xml, 'range');
  if (command === 'modify') refuse(OP, 'dhcp ranges cannot be modified, only added or deleted');
  checkRange(OP, parent, range);
  const ranges = rangesOf(parent);
  const alike = ranges.find((other) => same(range, other, 'start') && same(range, other, 'end'));
  if (command === 'delete' && alike === undefined)
    refuse(OP, "couldn't locate a matching dhcp range entry in network");
  if (command !== 'delete' && alike !== undefined)
    refuse(OP, 'there is an existing dhcp range entry in network that matches', 'AlreadyExists');
  const hosts = hostsOf(parent);
  return withDhcp(root, parent, [...edited(ranges, command, range, alike), ...hosts]);
}

/** To `add` only the address matters; `delete` takes whichever record shares the address or any name, if it is one. */
function updateDnsHost(root: XmlElement, { command, xml }: Update, version: string): XmlElement {
  if (command === 'modify' && !isAtLeast(version, 10, 6))
    refuse(OP, 'DNS HOST records cannot be modified, only added or deleted');
  const host = parseGiven(OP, xml, 'host');
  checkDnsHost(OP, host, command === 'delete');
  const hosts = elements(first(root, 'dns'), 'host');
  const names = new Set(namesOf(host));
  const byName = (other: XmlElement): boolean => namesOf(other).some((name) => names.has(name));
  const adds = command.startsWith('add');
  const alike = hosts.filter((other) => sameAddress(host, other) || (!adds && byName(other)));
  if (adds && alike.length > 0)
    refuse(OP, 'there is already at least one DNS HOST record with a matching field', 'AlreadyExists');
  if (!adds && alike.length === 0) refuse(OP, "couldn't locate a matching DNS HOST record in network");
  if (!adds && alike.length > 1) refuse(OP, 'multiple matching DNS HOST records were found in network');
  return withDns(root, 'host', edited(hosts, command, host, alike[0]));
}

function sameAddress(a: XmlElement, b: XmlElement): boolean {
  return attribute(a, 'ip') !== undefined && same(a, b, 'ip');
}

function namesOf(host: XmlElement): string[] {
  return elements(host, 'hostname').map((name) => textOf(name) ?? '');
}

function updateNamed(root: XmlElement, { command, section, xml }: Update, named: Named): XmlElement {
  const given = parseGiven(OP, xml, named.element);
  const holder = named.parent === undefined ? root : first(root, named.parent);
  const all = elements(holder, named.element);
  const alike = all.find((other) => same(given, other, named.key));
  if (command === 'modify' && section !== 'portgroup')
    refuse(OP, `${section} entries cannot be modified, only added or deleted`);
  if (command.startsWith('add') && alike !== undefined)
    refuse(OP, `there is an existing ${section} entry in network that matches`, 'AlreadyExists');
  if (!command.startsWith('add') && alike === undefined)
    refuse(OP, `couldn't find a ${section} entry in network matching`);
  const children = edited(all, command, given, alike);
  if (named.parent === 'dns') return withDns(root, named.element, children);
  if (named.parent === undefined) return replaced(root, named.element, children);
  return replaceIn(root, named.parent, (parent) => replaced(parent, named.element, children));
}

function edited(
  all: readonly XmlElement[],
  command: Update['command'],
  given: XmlElement,
  alike: XmlElement | undefined,
): XmlElement[] {
  switch (command) {
    case 'add':
      return [...all, given];
    case 'add-first':
      return [given, ...all];
    case 'modify':
      return all.map((other) => (other === alike ? given : other));
    case 'delete':
      return all.filter((other) => other !== alike);
  }
}

/** Without an index: the first <ip> that serves DHCP, of whichever family (E18), else the first of IPv4. */
function parentIp(root: XmlElement, index: number | undefined): XmlElement {
  const all = ips(root);
  const serving = all.find((ip) => (first(ip, 'dhcp')?.children.length ?? 0) > 0);
  const found = index === undefined ? (serving ?? all.find(isV4) ?? all[0]) : all[index];
  return (
    found ?? refuse(OP, `couldn't update dhcp host entry - no <ip> element found at index ${index ?? 0}`)
  );
}

function withHosts(root: XmlElement, ip: XmlElement, hosts: readonly XmlElement[]): XmlElement {
  return withDhcp(root, ip, [...rangesOf(ip), ...hosts]);
}

function withDhcp(root: XmlElement, ip: XmlElement, entries: readonly XmlElement[]): XmlElement {
  const dhcp = first(ip, 'dhcp');
  const rest = elements(dhcp).filter(({ name }) => name !== 'range' && name !== 'host');
  const children = [...entries, ...rest];
  const others = ip.children.filter((child) => child !== dhcp);
  const served = children.length === 0 ? [] : [{ ...(dhcp ?? element('dhcp')), children }];
  const after = { ...ip, children: [...others, ...served] };
  return withChildren(
    root,
    root.children.map((child) => (child === ip ? after : child)),
  );
}

function withDns(root: XmlElement, name: string, children: readonly XmlElement[]): XmlElement {
  return replaceIn(root, 'dns', (dns) => replaced(dns, name, children));
}

function replaceIn(root: XmlElement, name: string, edit: (child: XmlElement) => XmlElement): XmlElement {
  const child = first(root, name);
  if (child === undefined) return withChildren(root, [...root.children, edit(element(name))]);
  return withChildren(
    root,
    root.children.map((node) => (node === child ? edit(child) : node)),
  );
}

function replaced(parent: XmlElement, name: string, children: readonly XmlElement[]): XmlElement {
  const others = parent.children.filter((node) => typeof node === 'string' || node.name !== name);
  return withChildren(parent, [...others, ...children]);
}

function isAtLeast(version: string, major: number, minor: number): boolean {
  const [found = 0, foundMinor = 0] = version.split('.').map(Number);
  return found > major || (found === major && foundMinor >= minor);
}
