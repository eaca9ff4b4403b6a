import { withoutMark } from '../ownership/mark.ts';
import { servedIpv4 } from '../libvirt/network.ts';
import { attribute, editChild, elements, first, replaceChildren, textOf, type XmlElement } from '../xml.ts';
import type { NetworkEntry } from '../ipam/entry.ts';

/** An adopted network as it is left to others: without the mark, and without the entries of machines that are gone. */
export function renderReleased(root: XmlElement, stale: readonly NetworkEntry[]): XmlElement {
  const free = withoutMark(root);
  if (stale.length === 0) return free;
  const names = new Set(stale.flatMap(({ hostnames }) => hostnames));
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

function dropNames(dns: XmlElement, names: ReadonlySet<string>): XmlElement {
  const isGone = (name: XmlElement): boolean => names.has(textOf(name) ?? '');
  const touched = elements(dns, 'host').filter((host) => elements(host, 'hostname').some(isGone));
  return touched.reduce((edited, host) => {
    const left = replaceChildren(host, isGone, []);
    return replaceChildren(
      edited,
      (child) => child === host,
      elements(left, 'hostname').length === 0 ? [] : [left],
    );
  }, dns);
}
