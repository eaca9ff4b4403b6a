import { VirshError } from '../../src/drivers/libvirt.ts';
import {
  attribute,
  element,
  elements,
  first,
  parseXml,
  renderXml,
  textOf,
  type XmlElement,
} from '../../src/api/xml.ts';
import { parseNetwork } from '../../src/api/libvirt/network.ts';
import { marksOf, ownMacs, ownNames } from '../../src/api/network/foreign.ts';
import { has, type Entry } from './entries.ts';
import { rawLibvirt, type World } from '../controllers/fakes.ts';
import { addressOf, macOf, nameOf, NODES, type Side, type Step } from './steps.ts';

export const NETWORK = 'lab';

/** A foreign element of the network, and where it is. */
export interface Foreign extends Entry {
  live: boolean;
  config: boolean;
}

/** Another admin of the same vmhost; remembers what is theirs. */
export interface Outsider {
  readonly entries: Foreign[];
  /** Documents of foreign networks and domains, as they were made. */
  readonly documents: Map<string, string>;
  /** What a mark says too is k8slab's from then on: names word for word, reservations by MAC address (docs/decisions.md). */
  forgetMarked(): void;
  /** False: the step is not for an outsider. */
  does(step: Step): boolean;
}

/** What libvirt refuses does not happen. */
function attempt(call: () => void): boolean {
  try {
    call();
    return true;
  } catch (error) {
    if (error instanceof VirshError) return false;
    throw error;
  }
}

export function createOutsider(world: World): Outsider {
  const raw = rawLibvirt(world);
  const entries: Foreign[] = [];
  const documents = new Map<string, string>();

  /** Both sides in one call, as people do it: either both change or none. */
  function update(command: 'add' | 'delete', section: Foreign['section'], xml: string, side: Side): boolean {
    const sides = { live: side !== 'config', config: side !== 'live' };
    return attempt(() => raw.netUpdate({ network: NETWORK, command, section, xml, ...sides }));
  }
  function add(section: Foreign['section'], xml: string, side: Side): void {
    if (update('add', section, xml, side))
      entries.push({ section, xml, live: side !== 'config', config: side !== 'live' });
    forgetMarked();
  }
  function forgetMarked(): void {
    const isMarked = markedEntries(world);
    for (const entry of entries) if (isMarked(entry)) entry.live = entry.config = false;
  }
  /** Whoever deletes by name may hit what is theirs. */
  function forgetDeleted(): void {
    const { config, live } = world.networks.get(NETWORK) ?? {};
    for (const entry of entries) {
      entry.config &&= has(config, entry);
      entry.live &&= has(live, entry);
    }
  }
  function guest(number: number): void {
    const name = `foreign${number}`;
    const nic = `<interface type="network"><mac address="${macOf(number)}"/><source network="${NETWORK}"/></interface>`;
    const xml = `<domain type="qemu"><name>${name}</name><title>foreign</title><memory>1024</memory><vcpu>1</vcpu><devices>${nic}</devices></domain>`;
    if (!world.domains.has(name) && attempt(() => raw.define(xml)))
      documents.set(name, raw.xml(name, { inactive: true }));
    attempt(() => raw.start(name));
  }
  function destroyNetwork(): void {
    attempt(() => raw.netDestroy(NETWORK));
    for (const entry of entries) entry.live = false;
  }
  function does(step: Step): boolean {
    switch (step.does) {
      case 'kill':
        return attempt(() => raw.destroy(NODES[step.node] ?? '')) || true;
      case 'undefine':
        return attempt(() => raw.undefine(NODES[step.node] ?? '', { managedSave: true })) || true;
      case 'foreign host':
        add('ip-dhcp-host', hostXml(macOf(step.mac), addressOf(step.address)), step.side);
        return true;
      case 'foreign name':
        add('dns-host', nameXml(nameOf(step.name), addressOf(step.address)), step.side);
        return true;
      case 'foreign guest':
        guest(step.mac);
        return true;
      case 'lose host':
      case 'lose name': {
        const section = step.does === 'lose host' ? 'ip-dhcp-host' : 'dns-host';
        const node = NODES[step.node] ?? '';
        for (const xml of ownEntries(world, section, node)) update('delete', section, xml, step.side);
        forgetDeleted();
        return true;
      }
      case 'stop network':
        destroyNetwork();
        return true;
      case 'undefine network':
        attempt(() => raw.netUndefine(NETWORK));
        for (const entry of entries) entry.config = false;
        return true;
      case 'lose files':
        world.hostFiles.delete(NETWORK);
        return true;
      default:
        return false;
    }
  }
  return { entries, documents, forgetMarked, does };
}

function markedEntries(world: World): (entry: Entry) => boolean {
  const { config, live } = world.networks.get(NETWORK) ?? {};
  const texts = [config, live].filter((text) => text !== undefined);
  const marks = marksOf(...texts.map((text) => parseNetwork(text).model));
  const [names, macs] = [ownNames(marks), ownMacs(marks)];
  return ({ section, xml }) => {
    const host = parseXml(xml);
    if (section === 'ip-dhcp-host') return macs.has(attribute(host, 'mac') ?? '');
    const ip = attribute(host, 'ip') ?? '';
    return elements(host, 'hostname').some((name) => names.has(ip, textOf(name) ?? ''));
  };
}

function hostXml(mac: string, ip: string): string {
  return `<host mac="${mac}" name="foreign-${mac.slice(-2)}" ip="${ip}"/>`;
}

function nameXml(name: string, ip: string): string {
  return renderXml(element('host', { ip }, [element('hostname', {}, [name])]));
}

/** The reservation or record of a Node in the live or else the defined network, as somebody would copy it. */
function ownEntries(world: World, section: Foreign['section'], node: string): string[] {
  const { config = '<network/>', live = config } = world.networks.get(NETWORK) ?? {};
  const root = parseXml(live);
  const named = (host: XmlElement): boolean =>
    [attribute(host, 'name') ?? '', ...elements(host, 'hostname').map((name) => textOf(name) ?? '')].some(
      (name) => name === node || name.startsWith(`${node}.`),
    );
  const hosts =
    section === 'dns-host'
      ? elements(first(root, 'dns'), 'host')
      : elements(first(first(root, 'ip'), 'dhcp'), 'host');
  return hosts.filter(named).map(renderXml);
}
