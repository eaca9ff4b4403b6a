import { contentHash } from '../canonical.ts';
import { macOf, modelDomain } from '../libvirt/domain.ts';
import { mebibytes } from '../quantity.ts';
import { withMark, type DomainMark, type Reclaim } from '../ownership/mark.ts';
import {
  attribute,
  editChild,
  element,
  elements,
  first,
  replaceChildren,
  withAttributes,
  withChild,
  withChildren,
  type XmlElement,
} from '../xml.ts';
import {
  FIRST_DISK,
  renderDisk,
  renderInterface,
  SEED_DISK,
  type DesiredInterface,
} from './render-domain.ts';

/** What the manifest says of a domain that is there already. */
export interface DesiredDefinition {
  /** Undefined while it is not known what libvirt offers: then it stays as it is. */
  readonly type?: 'kvm' | 'qemu';
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly interfaces: readonly DesiredInterface[];
  readonly reclaim: Reclaim;
  /** The first disk and the seed, should the definition have lost them. */
  readonly disk?: { readonly path: string; readonly format: string };
  readonly seed?: string;
}

/** Of what the manifest says; which disk and seed a guest has is settled when it is made. */
export function definitionHash({ type, cpus, memory, interfaces, reclaim }: DesiredDefinition): string {
  return contentHash({ type, cpus, memory, interfaces, reclaim }).slice(0, 16);
}

/** The mark of a domain that follows the manifest; what it says of the first boot stays. */
export function nextMark(mark: DomainMark, wanted: DesiredDefinition): DomainMark {
  const macs = new Set([...(mark.macs ?? []), ...wanted.interfaces.map(({ mac }) => mac)]);
  return { ...mark, reclaim: wanted.reclaim, applied: definitionHash(wanted), macs: [...macs] };
}

/**
 * The domain's definition with what the manifest says written over `base`, its --inactive XML; all else stays. Of a
 * domain that was adopted only what its manifest names is touched.
 */
export function renderDomainOver(base: XmlElement, wanted: DesiredDefinition, mark: DomainMark): XmlElement {
  const found = modelDomain(base);
  let root = withMark(base, nextMark(mark, wanted));
  // An adopted guest may have less plugged than it can have: its manifest names what it can have.
  if (mark.adopted !== true || found.memory !== mebibytes(wanted.memory)) root = renderMemory(root, wanted);
  if (mark.adopted !== true || found.cpus.count !== wanted.cpus) root = renderCpus(root, wanted);
  if (mark.adopted !== true) root = renderType(root, wanted);
  return editChild(root, 'devices', (devices) => renderDevices(devices, wanted, mark));
}

function renderMemory(root: XmlElement, { memory }: DesiredDefinition): XmlElement {
  const text = [String(Math.floor(memory / 1024))];
  const edited = editChild(root, 'memory', () => element('memory', { unit: 'KiB' }, text));
  return editChild(edited, 'currentMemory', () => element('currentMemory', { unit: 'KiB' }, text));
}

function renderCpus(root: XmlElement, { cpus }: DesiredDefinition): XmlElement {
  return editChild(root, 'vcpu', (vcpu) =>
    withChildren(withAttributes(vcpu, { current: undefined }), [String(cpus)]),
  );
}

/** Which CPU a guest may ask for depends on the type. */
function renderType(root: XmlElement, { type }: DesiredDefinition): XmlElement {
  if (type === undefined || type === attribute(root, 'type')) return root;
  const cpu = element('cpu', { mode: type === 'kvm' ? 'host-passthrough' : 'maximum' });
  return withChild(withAttributes(root, { type }), 'cpu', cpu);
}

function renderDevices(devices: XmlElement, wanted: DesiredDefinition, mark: DomainMark): XmlElement {
  const { disk, seed } = wanted;
  let edited = renderInterfaces(devices, wanted, mark);
  if (mark.adopted === true) return edited;
  if (seed !== undefined)
    edited = withDisk(edited, { file: seed, format: 'raw', target: SEED_DISK }, { readonly: true });
  if (disk !== undefined)
    edited = withDisk(edited, { file: disk.path, format: disk.format, target: FIRST_DISK });
  return edited;
}

/** Only where there is none: another file under the same name may be a snapshot, whose data would be lost. */
function withDisk(
  devices: XmlElement,
  disk: Parameters<typeof renderDisk>[0],
  options?: Parameters<typeof renderDisk>[1],
): XmlElement {
  const taken = elements(devices, 'disk').some(
    (each) => attribute(first(each, 'target'), 'dev') === disk.target,
  );
  return taken ? devices : withChildren(devices, [renderDisk(disk, options), ...devices.children]);
}

/** A NIC that gets another MAC address keeps its place, and so its name in the guest; NICs of others stay. */
function renderInterfaces(devices: XmlElement, wanted: DesiredDefinition, mark: DomainMark): XmlElement {
  const nics = elements(devices, 'interface');
  const rendered = new Map<XmlElement, XmlElement>();
  const networks = new Set(wanted.interfaces.map(({ network }) => network));
  const left = nics.filter(
    (nic) => !wanted.interfaces.some(({ mac }) => mac === macOf(nic)) && isOurs(nic, mark, networks),
  );
  const added: XmlElement[] = [];
  for (const desired of wanted.interfaces) {
    const found = nics.find((nic) => macOf(nic) === desired.mac) ?? takeFrom(left, desired.network);
    if (found === undefined) added.push(renderInterface(desired));
    else rendered.set(found, editInterface(found, desired, mark));
  }
  const kept = nics.filter((nic) => !left.includes(nic)).map((nic) => rendered.get(nic) ?? nic);
  return replaceChildren(devices, ({ name }) => name === 'interface', [...kept, ...added]);
}

/** Without a list in the mark, one on a network of the manifest is the one that the manifest names. */
function isOurs(nic: XmlElement, mark: DomainMark, networks: ReadonlySet<string>): boolean {
  return mark.macs?.includes(macOf(nic)) ?? networks.has(attribute(first(nic, 'source'), 'network') ?? '');
}

function takeFrom(left: XmlElement[], network: string): XmlElement | undefined {
  const at = left.findIndex((nic) => attribute(first(nic, 'source'), 'network') === network);
  return at === -1 ? undefined : left.splice(at, 1)[0];
}

function editInterface(
  nic: XmlElement,
  { network, mac, mtu }: DesiredInterface,
  mark: DomainMark,
): XmlElement {
  let edited = editChild(nic, 'mac', (child) => withAttributes(child, { address: mac }));
  if (attribute(first(nic, 'source'), 'network') !== network) {
    edited = withChild(withAttributes(edited, { type: 'network' }), 'source', element('source', { network }));
  }
  if (mark.adopted === true) return edited;
  edited = editChild(edited, 'model', (child) => withAttributes(child, { type: 'virtio' }));
  if (mtu !== undefined) edited = withChild(edited, 'mtu', element('mtu', { size: mtu }));
  const down = attribute(first(edited, 'link'), 'state') === 'down';
  return down ? withChild(edited, 'link', undefined) : edited;
}
