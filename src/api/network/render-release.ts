import { withoutMark } from '../ownership/mark.ts';
import { servedIpv4 } from '../libvirt/network.ts';
import {
  attribute,
  editChild,
  elements,
  first,
  replaceChildren,
  textOf,
  withChildren,
  type XmlElement,
} from '../xml.ts';
import type { NetworkEntry } from '../ipam/entry.ts';
import { NameSet } from './foreign.ts';

/** An adopted network as it is left to others: without the mark, and without the entries of machines that are gone. */
export function renderReleased(root: XmlElement, stale: readonly NetworkEntry[]): XmlElement {
  const free = withoutMark(root);
  if (stale.length === 0) return free;
  const names = new NameSet(stale);
  const macs = new Set(stale.map(({ mac }) => mac));
  const withoutNames =
    first(free, 'dns') === undefined ? free : editChild(free, 'dns', (dns) => dropNames(dns, names));
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
