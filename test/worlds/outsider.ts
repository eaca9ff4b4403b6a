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
import { parseDomain } from '../../src/api/libvirt/domain.ts';
import { parseNetwork } from '../../src/api/libvirt/network.ts';
import { marksOf, ownMacs, ownNames } from '../../src/api/network/foreign.ts';
import { has, type Entry } from './entries.ts';
import { rawLibvirt, type World } from '../controllers/fakes.ts';
import { handle, handleNetwork } from './hands.ts';
import { NETWORK } from './manifests.ts';
import { addressOf, macOf, nameOf, nodeOf, type Side, type Step } from './steps.ts';

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
  /** Their guests are taken away. */
  leave(): void;
  /** Domains that a manifest took over are no longer only theirs. */
  forgetAdopted(): void;
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
  function guest(name: string, mac: number): void {
    const nic = `<interface type="network"><mac address="${macOf(mac)}"/><source network="${NETWORK}"/></interface>`;
    const xml = `<domain type="qemu"><name>${name}</name><title>foreign</title><memory>1024</memory><vcpu>1</vcpu><devices>${nic}</devices></domain>`;
    if (!world.domains.has(name) && attempt(() => raw.define(xml)))
      documents.set(name, raw.xml(name, { inactive: true }));
    attempt(() => raw.start(name));
  }
  /** What somebody did to a guest of theirs is theirs too. */
  function noteDocument(name: string): void {
    const { xml } = world.domains.get(name) ?? {};
    if (!documents.has(name)) return;
    if (xml === undefined) documents.delete(name);
    else documents.set(name, xml);
  }
  function does(step: Step): boolean {
    switch (step.does) {
      case 'by hand':
        attempt(() => handle(world, step.hand, nodeOf(step.node)));
        noteDocument(nodeOf(step.node));
        return true;
      case 'network by hand':
        attempt(() => handleNetwork(world, step.hand));
        forgetStopped();
        return true;
      case 'foreign host':
        add('ip-dhcp-host', hostXml(macOf(step.mac), addressOf(step.address)), step.side);
        return true;
      case 'foreign name':
        add('dns-host', nameXml(nameOf(step.name), addressOf(step.address)), step.side);
        return true;
      case 'foreign guest':
        guest(`foreign${step.mac}`, step.mac);
        return true;
      case 'foreign node':
        guest(nodeOf(step.node), step.mac);
        return true;
      case 'lose host':
      case 'lose name': {
        const section = step.does === 'lose host' ? 'ip-dhcp-host' : 'dns-host';
        const node = nodeOf(step.node);
        for (const xml of ownEntries(world, section, node)) update('delete', section, xml, step.side);
        forgetDeleted();
        return true;
      }
      case 'lose files':
        world.hostFiles.delete(NETWORK);
        return true;
      case 'lose leases':
        world.leases.length = 0;
        return true;
      default:
        return false;
    }
  }
  /** What was in one side alone goes with that side. */
  function forgetStopped(): void {
    forgetDeleted();
    forgetMarked();
  }
  function forgetAdopted(): void {
    for (const name of documents.keys())
      if (parseDomain(world.domains.get(name)?.xml ?? '<domain/>').model.mark !== undefined)
        documents.delete(name);
  }
  function leave(): void {
    for (const name of world.domains.keys()) {
      const isForeign = parseDomain(raw.xml(name, { inactive: true })).model.mark === undefined;
      if (!isForeign) continue;
      attempt(() => raw.destroy(name));
      attempt(() => raw.undefine(name, { managedSave: true, snapshotsMetadata: true }));
    }
    documents.clear();
  }
  return { entries, documents, leave, forgetMarked, forgetAdopted, does };
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
