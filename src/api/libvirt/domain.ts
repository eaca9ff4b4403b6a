import { attribute, elements, first, parseXml, textOf, type XmlElement } from '../xml.ts';
import { parseDomainMark, type DomainMark } from '../ownership/mark.ts';

/** What k8slab models of libvirt's domain XML. */
export interface DomainModel {
  readonly name: string;
  readonly uuid: string;
  readonly type: string;
  /** MiB, a part of one counting as a whole: libvirt rounds a running guest's. */
  readonly memory: number;
  readonly currentMemory: number;
  /** `plugged` is what the guest has of them at its start. */
  readonly cpus: { readonly count: number; readonly plugged: number };
  readonly disks: readonly {
    readonly target: string;
    readonly file?: string;
    readonly device: string;
    readonly format?: string;
  }[];
  readonly interfaces: readonly {
    readonly mac: string;
    readonly network?: string;
    readonly bridge?: string;
    readonly target?: string;
    readonly model?: string;
    /** Bytes, where the domain says so itself. */
    readonly mtu?: number;
    /** Set down by somebody, as if unplugged. */
    readonly link?: 'down';
  }[];
  readonly mark?: DomainMark;
}

export interface DomainDocument {
  readonly root: XmlElement;
  readonly model: DomainModel;
}

/** @param text output of `virsh dumpxml`, live or --inactive */
export function parseDomain(text: string): DomainDocument {
  const root = parseXml(text);
  return { root, model: modelDomain(root) };
}

export function modelDomain(root: XmlElement): DomainModel {
  const mark = parseDomainMark(root);
  const devices = first(root, 'devices');
  const memory = mebibytes(first(root, 'memory')) ?? 0;
  const vcpu = first(root, 'vcpu');
  const count = Number(textOf(vcpu) ?? 1);
  return {
    name: textOf(first(root, 'name')) ?? '',
    uuid: textOf(first(root, 'uuid')) ?? '',
    type: attribute(root, 'type') ?? '',
    memory,
    currentMemory: mebibytes(first(root, 'currentMemory')) ?? memory,
    cpus: { count, plugged: Number(attribute(vcpu, 'current') ?? count) },
    disks: elements(devices, 'disk').map(modelDisk),
    interfaces: elements(devices, 'interface').map(modelInterface),
    ...(mark === undefined ? {} : { mark }),
  };
}

/** As libvirt prints it: in KiB. */
function mebibytes(node: XmlElement | undefined): number | undefined {
  const text = textOf(node);
  return text === undefined ? undefined : Math.ceil(Number(text) / 1024);
}

function modelDisk(disk: XmlElement): DomainModel['disks'][number] {
  const file = attribute(first(disk, 'source'), 'file');
  const format = attribute(first(disk, 'driver'), 'type');
  return {
    target: attribute(first(disk, 'target'), 'dev') ?? '',
    device: attribute(disk, 'device') ?? 'disk',
    ...(file === undefined ? {} : { file }),
    ...(format === undefined ? {} : { format }),
  };
}

function modelInterface(nic: XmlElement): DomainModel['interfaces'][number] {
  const source = first(nic, 'source');
  const network = attribute(source, 'network');
  const bridge = attribute(source, 'bridge');
  const target = attribute(first(nic, 'target'), 'dev');
  const model = attribute(first(nic, 'model'), 'type');
  const mtu = attribute(first(nic, 'mtu'), 'size');
  return {
    mac: macOf(nic),
    ...(mtu === undefined ? {} : { mtu: Number(mtu) }),
    ...(model === undefined ? {} : { model }),
    ...(attribute(first(nic, 'link'), 'state') === 'down' ? { link: 'down' as const } : {}),
    ...(network === undefined ? {} : { network }),
    ...(bridge === undefined ? {} : { bridge }),
    ...(target === undefined ? {} : { target }),
  };
}

/** The file that libvirt keeps of what the guest prints on its first serial port, by its definition. */
export function consoleLogOf(root: XmlElement): string | undefined {
  const serials = elements(first(root, 'devices'), 'serial');
  return serials.map((serial) => attribute(first(serial, 'log'), 'file')).find((file) => file !== undefined);
}

/** @param nic an `<interface>` */
export function macOf(nic: XmlElement): string {
  return (attribute(first(nic, 'mac'), 'address') ?? '').toLowerCase();
}

export interface Capabilities {
  /** Architecture of the vmhost, such as x86_64. */
  readonly arch: string;
  /** Domain types libvirt offers for it: kvm, qemu. */
  readonly domainTypes: readonly string[];
}

/** @param text output of `virsh capabilities` */
export function parseCapabilities(text: string): Capabilities {
  const root = parseXml(text);
  const arch = textOf(first(first(first(root, 'host'), 'cpu'), 'arch')) ?? '';
  const guest = elements(root, 'guest')
    .map((candidate) => first(candidate, 'arch'))
    .find((candidate) => attribute(candidate, 'name') === arch);
  return { arch, domainTypes: elements(guest, 'domain').map((domain) => attribute(domain, 'type') ?? '') };
}
