import { VirshError, type VirshReason } from '../../src/drivers/virsh/errors.ts';
import { parseXml, type XmlElement } from '../../src/api/xml.ts';
import type { LibvirtEvent } from '../../src/drivers/virsh/events.ts';
import type { DomainState } from '../../src/drivers/virsh/listing.ts';

export interface FakeNetwork {
  /** The persistent definition; a transient network has none. */
  config?: string;
  /** What it was started with and what was changed since; undefined: it is not active. */
  live?: string;
  autostart: boolean;
}

export interface FakeDomain {
  /** The persistent definition; of a transient domain, the one from before it was undefined. */
  xml: string;
  state: DomainState;
  /** What it was started with, where that is not `xml`. */
  live?: string;
  transient?: true;
  autostart?: true;
  /** What its saved memory was of: with that it starts again, whatever was defined since. */
  saved?: string;
  /** Names of its snapshots. */
  snapshots?: readonly string[];
}

/** All that libvirt and the vmhost's kernel hold. Tests put things into it as another admin would. */
export interface LibvirtState {
  readonly networks: Map<string, FakeNetwork>;
  readonly domains: Map<string, FakeDomain>;
  /** Domains whose memory is saved. */
  readonly saved: Set<string>;
  /** The bridge of each tap; a tap that is not here has no master. */
  readonly taps: Map<string, string>;
  /** Bridges of the vmhost. */
  readonly links: Set<string>;
  /** Routes that no network of libvirt made: `network/prefix` by the device. */
  readonly routes: Map<string, string>;
  /** Ports that libvirt knows of, by network: forgotten at its stop, unlike the guests' taps (T19). */
  readonly ports: Map<string, Set<string>>;
  /** Who listens to its events. */
  readonly listeners: Set<(event: LibvirtEvent) => void>;
  /** Told when dnsmasq of a network starts, is told to read its files again, or ends. */
  onDnsmasq?: (network: string, what: 'start' | 'reload' | 'end') => void;
  /** Makes UUIDs, MAC addresses and tap names. */
  serial: number;
}

export function createState(): LibvirtState {
  return {
    networks: new Map(),
    domains: new Map(),
    saved: new Set(),
    taps: new Map(),
    links: new Set(),
    routes: new Map(),
    ports: new Map(),
    listeners: new Set(),
    serial: 0,
  };
}

export interface DoubleOptions {
  /** Such as 9.0.0; `modify` of a DNS host works from 10.6 on. */
  readonly version?: string;
  /** Whether a file of the vmhost exists; a domain whose disk does not is refused its start. */
  readonly hasFile?: (path: string) => boolean;
}

/** What a command of the double works on. */
export interface Context {
  readonly state: LibvirtState;
  readonly options: DoubleOptions;
}

/** Tells who listens; net-update alone tells nobody (T6). */
export function tell(state: LibvirtState, kind: 'network' | 'domain', name: string, detail: string): void {
  for (const listener of state.listeners) listener({ kind, name, event: 'lifecycle', detail });
}

/** Throws as the driver does when virsh prints an error. */
export function refuse(op: string, why: string, reason: VirshReason = 'OperationFailed'): never {
  throw new VirshError(reason, [op], { why, stderr: `error: ${why}\n` });
}

export function uuidFrom(serial: number): string {
  return `00000000-0000-4000-8000-${serial.toString(16).padStart(12, '0')}`;
}

export function macFrom(serial: number): string {
  const hex = serial.toString(16).padStart(6, '0');
  return `52:54:00:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}`;
}

const parsed = new Map<string, XmlElement>();
const KEPT = 256;

/** What is read again and again is parsed once. */
export function parse(text: string): XmlElement {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const root = parseXml(text);
  parsed.set(text, root);
  const [oldest] = parsed.keys();
  if (parsed.size > KEPT && oldest !== undefined) parsed.delete(oldest);
  return root;
}

/** XML as virsh's parser takes it. @throws VirshError InvalidXml */
export function parseGiven(op: string, text: string, rootName: string): XmlElement {
  let root: XmlElement;
  try {
    root = parseXml(text);
  } catch (error) {
    return refuse(op, `at line 1: ${String(error)}`, 'InvalidXml');
  }
  if (root.name === rootName) return root;
  return refuse(
    op,
    `XML error: unexpected root element <${root.name}>, expecting <${rootName}>`,
    'InvalidXml',
  );
}

export function isMulticast(mac: string): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
}
