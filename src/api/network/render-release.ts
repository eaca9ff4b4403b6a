import { withoutMark } from '../ownership/mark.ts';
import { servedIpv4 } from '../libvirt/network.ts';
import {
  attribute,
  editChild,
  elements,
  first,
  replaceChildren,
  textOf,
  withChild,
  withChildren,
  type XmlElement,
} from '../xml.ts';
import type { NetworkEntry } from '../ipam/entry.ts';
import { NameSet } from './foreign.ts';

/** What nobody keeps once the network is let go. */
export interface Stale {
  /** Of machines that are gone. */
  readonly entries: readonly NetworkEntry[];
  /** Lines of <dnsmasq:options>. */
  readonly options: readonly string[];
}

/** An adopted network as it is left to others: without the mark, and without what nobody keeps any more. */
export function renderReleased(root: XmlElement, { entries, options }: Stale): XmlElement {
  const free = dropOptions(withoutMark(root), options);
  return entries.length === 0 ? free : dropEntries(free, entries);
}

function dropOptions(root: XmlElement, gone: readonly string[]): XmlElement {
  const options = first(root, 'dnsmasq:options');
  if (options === undefined || gone.length === 0) return root;
  const left = replaceChildren(
    options,
    (child) => child.name === 'dnsmasq:option' && gone.includes(attribute(child, 'value') ?? ''),
    [],
  );
  return withChild(root, 'dnsmasq:options', elements(left).length === 0 ? undefined : left);
}

function dropEntries(root: XmlElement, gone: readonly NetworkEntry[]): XmlElement {
  const names = new NameSet(gone);
  const macs = new Set(gone.map(({ mac }) => mac));
  const withoutNames =
    first(root, 'dns') === undefined ? root : editChild(root, 'dns', (dns) => dropNames(dns, names));
  const ip = servedIpv4(withoutNames);
  if (ip === undefined || first(ip, 'dhcp') === undefined) return withoutNames;
  const edited = editChild(ip, 'dhcp', (dhcp) =>
    replaceChildren(
      dhcp,
      (child) => child.name === 'host' && macs.has((attribute(child, 'mac') ?? '').toLowerCase()),
      [],
    ),
  );
  return replaceChildren(withoutNames, (child) => child === ip, [edited]);
}

/** A name goes with its address: another address of that name is somebody else's. */
function dropNames(dns: XmlElement, gone: NameSet): XmlElement {
  return withChildren(
    dns,
    dns.children.map((child) =>
      typeof child === 'string' || child.name !== 'host' ? child : withoutNames(child, gone),
    ),
  );
}

/** Undefined where none is left. */
function withoutNames(host: XmlElement, gone: NameSet): XmlElement | undefined {
  const ip = attribute(host, 'ip') ?? '';
  const isGone = (child: XmlElement): boolean =>
    child.name === 'hostname' && gone.has(ip, textOf(child) ?? '');
  if (!elements(host).some(isGone)) return host;
  const left = replaceChildren(host, isGone, []);
  return elements(left, 'hostname').length === 0 ? undefined : left;
}
