import {
  attribute,
  element,
  elements,
  first,
  MARK,
  replaceChildren,
  textOf,
  type XmlElement,
} from '../xml.ts';
import type { NetworkEntry } from '../ipam/entry.ts';

/** Namespace of k8slab's mark in libvirt's <metadata>: what carries it is ours, all else belongs to others. */
export const MARK_NAMESPACE = 'https://k8slab.io/libvirt/v1alpha1';

export interface NetworkMark {
  readonly kind: 'Network';
  readonly name: string;
  /** Taken over, not made: on removal it is let go. */
  readonly adopted?: true;
  /** Hash of what the manifests asked for when it was last written: what differs with it unchanged is drift. */
  readonly applied?: string;
  readonly entries: readonly NetworkEntry[];
  /** Other names k8slab wrote: records of the manifest. */
  readonly records: readonly { readonly ip: string; readonly hostnames: readonly string[] }[];
  /** Lines in <dnsmasq:options> that are ours. */
  readonly options: readonly string[];
  readonly forwarders: readonly string[];
  /** Optional fields that k8slab wrote, so that it takes them out when the manifest no longer has them. */
  readonly fields: readonly string[];
  /** MAC addresses of reservations of ours that only the running network still has. */
  readonly former?: readonly string[];
  /** DHCP ranges that k8slab wrote into an adopted network: `FIRST-LAST`. */
  readonly ranges?: readonly string[];
}

export type Reclaim = 'Retain' | 'Delete';

export interface DomainMark {
  readonly kind: 'Node';
  readonly name: string;
  /** Taken over, not made: on removal it is let go. */
  readonly adopted?: true;
  /** What becomes of the disks that k8slab made once the manifest is gone, which then no longer says so. */
  readonly reclaim: Reclaim;
  /** Hash of what cloud-init was told at the first boot from its disk. */
  readonly cloudInit: string;
  /** An earlier guest booted from its disk. */
  readonly reusedDisk?: true;
  /** Of a disk that k8slab did not make, as it was first seen: never guessed again. */
  readonly diskFormat?: string;
  /** Public host key handed to the guest: `ssh-ed25519 AAAA…`. */
  readonly hostKey: string;
  /** Hash of what the manifest said when k8slab last defined it: what differs since then was changed by others. */
  readonly applied?: string;
  /** MAC addresses that k8slab ever gave it: NICs that have one are ours, and so are their leases. */
  readonly macs?: readonly string[];
}

export type Mark = NetworkMark | DomainMark;

/** @returns the mark's element below `<metadata>`, or undefined: then the object is not ours */
export function findMark(root: XmlElement): XmlElement | undefined {
  return elements(first(root, 'metadata')).find(isMark);
}

function isMark(child: XmlElement): boolean {
  const [prefix, local] = child.name.includes(':') ? child.name.split(':') : ['', child.name];
  const namespace = attribute(child, prefix === '' ? 'xmlns' : `xmlns:${prefix ?? ''}`);
  return local === 'object' && namespace === MARK_NAMESPACE;
}

export function parseNetworkMark(root: XmlElement): NetworkMark | undefined {
  const mark = findMark(root);
  if (mark === undefined || attribute(mark, 'kind') !== 'Network') return undefined;
  const [former, ranges] = [texts(mark, 'former'), texts(mark, 'range')];
  return {
    kind: 'Network',
    name: attribute(mark, 'name') ?? '',
    ...adopted(mark),
    ...appliedHash(mark),
    entries: parts(mark, 'entry').map(parseEntry),
    records: parts(mark, 'record').map((record) => ({
      ip: attribute(record, 'ip') ?? '',
      hostnames: texts(record, 'hostname'),
    })),
    options: texts(mark, 'option'),
    forwarders: texts(mark, 'forwarder'),
    fields: texts(mark, 'field'),
    ...(former.length === 0 ? {} : { former }),
    ...(ranges.length === 0 ? {} : { ranges }),
  };
}

export function parseDomainMark(root: XmlElement): DomainMark | undefined {
  const mark = findMark(root);
  if (mark === undefined || attribute(mark, 'kind') !== 'Node') return undefined;
  const macs = texts(mark, 'mac');
  const diskFormat = attribute(mark, 'diskFormat');
  return {
    kind: 'Node',
    name: attribute(mark, 'name') ?? '',
    ...adopted(mark),
    reclaim: attribute(mark, 'reclaim') === 'Delete' ? 'Delete' : 'Retain',
    cloudInit: attribute(mark, 'cloudInit') ?? '',
    ...(attribute(mark, 'disk') === 'reused' ? { reusedDisk: true } : {}),
    ...(diskFormat === undefined ? {} : { diskFormat }),
    hostKey: texts(mark, 'hostKey')[0] ?? '',
    ...appliedHash(mark),
    ...(macs.length === 0 ? {} : { macs }),
  };
}

function adopted(mark: XmlElement): { adopted?: true } {
  return attribute(mark, 'adopted') === 'yes' ? { adopted: true } : {};
}

function appliedHash(mark: XmlElement): { applied?: string } {
  const applied = attribute(mark, 'applied');
  return applied === undefined ? {} : { applied };
}

function parseEntry(entry: XmlElement): NetworkEntry {
  const podCIDR = attribute(entry, 'podCIDR');
  return {
    node: attribute(entry, 'node') ?? '',
    mac: attribute(entry, 'mac') ?? '',
    ip: attribute(entry, 'ip') ?? '',
    ...(podCIDR === undefined ? {} : { podCIDR }),
    hostnames: texts(entry, 'hostname'),
  };
}

function parts(mark: XmlElement, local: string): XmlElement[] {
  return elements(mark).filter((child) => child.name.split(':').at(-1) === local);
}

function texts(parent: XmlElement, local: string): string[] {
  return parts(parent, local).map((child) => textOf(child) ?? '');
}

/** Puts the mark into `<metadata>`, beside whatever others keep there. */
export function withMark(root: XmlElement, mark: Mark): XmlElement {
  const metadata = first(root, 'metadata') ?? element('metadata');
  const marked = replaceChildren(metadata, isMark, [renderMark(mark)]);
  return replaceChildren(root, (child) => child.name === 'metadata', [marked]);
}

/** Takes the mark out, and `<metadata>` where nothing else is in it. */
export function withoutMark(root: XmlElement): XmlElement {
  const metadata = first(root, 'metadata');
  if (metadata === undefined) return root;
  const rest = replaceChildren(metadata, isMark, []);
  return replaceChildren(
    root,
    (child) => child === metadata,
    rest.children.every((child) => typeof child === 'string') ? [] : [rest],
  );
}

function renderMark(mark: Mark): XmlElement {
  const attributes = {
    'xmlns:k8slab': MARK_NAMESPACE,
    kind: mark.kind,
    name: mark.name,
    adopted: mark.adopted && 'yes',
  };
  if (mark.kind === 'Node') {
    const { reclaim, cloudInit, reusedDisk, diskFormat, applied, macs = [] } = mark;
    const disk = reusedDisk && 'reused';
    return element(MARK, { ...attributes, reclaim, cloudInit, disk, diskFormat, applied }, [
      element('k8slab:hostKey', {}, [mark.hostKey]),
      ...macs.map((mac) => element('k8slab:mac', {}, [mac])),
    ]);
  }
  return element(MARK, { ...attributes, applied: mark.applied }, [
    ...mark.entries.map(({ node, mac, ip, podCIDR, hostnames }) =>
      element('k8slab:entry', { node, mac, ip, podCIDR }, hostnames.map(hostname)),
    ),
    ...mark.records.map(({ ip, hostnames }) => element('k8slab:record', { ip }, hostnames.map(hostname))),
    ...mark.options.map((option) => element('k8slab:option', {}, [option])),
    ...mark.forwarders.map((forwarder) => element('k8slab:forwarder', {}, [forwarder])),
    ...mark.fields.map((field) => element('k8slab:field', {}, [field])),
    ...(mark.former ?? []).map((mac) => element('k8slab:former', {}, [mac])),
    ...(mark.ranges ?? []).map((range) => element('k8slab:range', {}, [range])),
  ]);
}

function hostname(name: string): XmlElement {
  return element('k8slab:hostname', {}, [name]);
}
