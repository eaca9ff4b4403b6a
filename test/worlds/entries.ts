import { attribute, elements, first, parseXml, textOf, type XmlElement } from '../../src/api/xml.ts';

/** An element of the network by its section, as `virsh net-update` has it. */
export interface Entry {
  readonly section: 'ip-dhcp-host' | 'dns-host';
  readonly xml: string;
}

/** A record may have got names of ours beside its own: libvirt has one record of an address. */
export function has(text: string | undefined, { section, xml }: Entry): boolean {
  const wanted = parseXml(xml);
  return hosts(text, section).some((host) => {
    const names = namesOf(host);
    const alike = ['mac', 'name', 'ip'].every((key) => attribute(host, key) === attribute(wanted, key));
    return alike && namesOf(wanted).every((name) => names.includes(name));
  });
}

function namesOf(host: XmlElement): (string | undefined)[] {
  return elements(host, 'hostname').map(textOf);
}

export function hosts(text: string | undefined, section: Entry['section']): XmlElement[] {
  if (text === undefined) return [];
  const root = parseXml(text);
  return section === 'dns-host'
    ? elements(first(root, 'dns'), 'host')
    : elements(first(first(root, 'ip'), 'dhcp'), 'host');
}
