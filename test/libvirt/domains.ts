import {
  attribute,
  editChild,
  element,
  elements,
  first,
  renderXml,
  textOf,
  withChildren,
  type XmlElement,
} from '../../src/api/xml.ts';
import type { DomainState } from '../../src/drivers/virsh/listing.ts';
import { checkDomain, completeDomain, startedDomain, withoutSecrets, type Plug } from './domain-xml.ts';
import { bridgeToPlugInto } from './networks.ts';
import {
  parse,
  parseGiven,
  refuse,
  tell,
  uuidFrom,
  type Context,
  type DoubleOptions,
  type FakeDomain,
  type LibvirtState,
} from './state.ts';

export interface RawDomain {
  readonly name: string;
  readonly uuid: string;
  readonly state: DomainState;
  readonly transient: boolean;
  readonly autostart: boolean;
}

export interface UndefineFlags {
  readonly managedSave: boolean;
  readonly snapshotsMetadata?: boolean;
}

/** virsh's commands about domains, as libvirt 9 answers them. */
export interface RawDomains {
  define(xml: string): void;
  start(name: string): void;
  /** Pulls the plug. */
  destroy(name: string): void;
  undefine(name: string, options: UndefineFlags): void;
  autostart(name: string, on: boolean): void;
  setLink(name: string, mac: string, state: 'up' | 'down'): void;
  xml(name: string, options: { readonly inactive: boolean; readonly security?: boolean }): string;
  doms(): RawDomain[];
  dom(name: string): RawDomain | undefined;
  /** The guest switches itself off. */
  powerOff(name: string): void;
}

export function rawDomains(state: LibvirtState, options: DoubleOptions): RawDomains {
  const context = { state, options };
  return {
    define: (xml) => define(context, xml),
    start: (name) => start(context, name),
    destroy: (name) => stop(context, name, 'destroy', 'Stopped Destroyed'),
    powerOff: (name) => stop(context, name, 'shutdown', 'Stopped Shutdown'),
    undefine: (name, flags) => undefine(context, name, flags),
    autostart(name, on) {
      const domain = find(state, name, 'autostart');
      if (domain.transient === true) refuse('autostart', 'cannot set autostart for transient domain');
      if (on) domain.autostart = true;
      else delete domain.autostart;
    },
    setLink: (name, mac, link) => setLink(find(state, name, 'domif-setlink'), mac, link),
    xml(name, { inactive, security = false }) {
      const { xml, live = xml } = find(state, name, 'dumpxml');
      const text = inactive ? xml : live;
      return security || !text.includes('passwd') ? text : renderXml(withoutSecrets(parse(text)));
    },
    doms: () => [...state.domains].map(([name, domain]) => listed(name, domain)),
    dom(name) {
      const domain = state.domains.get(name);
      return domain && listed(name, domain);
    },
  };
}

function listed(name: string, domain: FakeDomain): RawDomain {
  const { state, transient = false, autostart = false } = domain;
  return { name, uuid: uuidOf(domain) ?? name, state, transient, autostart };
}

const uuids = new WeakMap<FakeDomain, { readonly xml: string; readonly uuid: string | undefined }>();

/** Without parsing: a list of 1,000 domains is asked for often. */
function uuidOf(domain: FakeDomain): string | undefined {
  const { xml } = domain;
  const known = uuids.get(domain);
  if (known?.xml === xml) return known.uuid;
  const uuid = /<uuid>\s*([^<\s]+)\s*<\/uuid>/.exec(xml)?.[1];
  uuids.set(domain, { xml, uuid });
  return uuid;
}

export function find(state: LibvirtState, name: string, op: string): FakeDomain {
  return state.domains.get(name) ?? refuse(op, `failed to get domain '${name}'`, 'NotFound');
}

export function isOff({ state }: Pick<FakeDomain, 'state'>): boolean {
  return state === 'shutoff' || state === 'crashed';
}

function define(context: Context, xml: string): void {
  const { state } = context;
  const given = parseGiven('define', xml, 'domain');
  checkDomain(given);
  state.serial += 1;
  const root = completeDomain(given, uuidFrom(state.serial), state.serial);
  const name = textOf(first(root, 'name')) ?? '';
  checkIdentity(state, name, textOf(first(root, 'uuid')) ?? '');
  const before = state.domains.get(name);
  const text = renderXml(root);
  if (before === undefined) state.domains.set(name, { xml: text, state: 'shutoff' });
  else {
    if (!isOff(before)) before.live ??= before.xml;
    before.xml = text;
    delete before.transient;
  }
  tell(state, 'domain', name, `Defined ${before === undefined ? 'Added' : 'Updated'}`);
}

function checkIdentity(state: LibvirtState, name: string, uuid: string): void {
  const same = state.domains.get(name);
  const known = same === undefined ? undefined : uuidOf(same);
  if (known !== undefined && known !== uuid)
    refuse('define', `operation failed: domain '${name}' already exists with uuid ${known}`, 'AlreadyExists');
  if (known === uuid) return;
  for (const [other, domain] of state.domains)
    if (other !== name && uuidOf(domain) === uuid)
      refuse(
        'define',
        `operation failed: domain '${other}' is already defined with uuid ${uuid}`,
        'AlreadyExists',
      );
}

function start(context: Context, name: string): void {
  const { state, options } = context;
  const domain = find(state, name, 'start');
  if (!isOff(domain)) refuse('start', 'Domain is already active', 'AlreadyExists');
  const root = parse(domain.saved ?? domain.xml);
  checkDisks(root, options);
  const nics = elements(first(root, 'devices'), 'interface');
  const bridges = new Map(nics.map((nic) => [nic, bridgeFor(state, nic)]));
  state.serial += 1;
  const live = startedDomain(root, state.serial, (nic) => plugIn(state, nic, bridges.get(nic)));
  domain.live = renderXml(live);
  domain.state = 'running';
  state.saved.delete(name);
  const restored = domain.saved !== undefined;
  delete domain.saved;
  tell(state, 'domain', name, restored ? 'Started Restored' : 'Started Booted');
}

function checkDisks(root: XmlElement, { hasFile = () => true }: DoubleOptions): void {
  for (const disk of elements(first(root, 'devices'), 'disk')) {
    const file = attribute(first(disk, 'source'), 'file');
    if (file === undefined || hasFile(file)) continue;
    refuse(
      'start',
      `Cannot access storage file '${file}' (as uid:64055, gid:108): No such file or directory`,
    );
  }
}

function bridgeFor(state: LibvirtState, nic: XmlElement): string | undefined {
  const source = first(nic, 'source');
  const network = attribute(source, 'network');
  if (network !== undefined) return bridgeToPlugInto(state, 'start', network);
  const bridge = attribute(source, 'bridge');
  if (bridge !== undefined && !state.links.has(bridge))
    refuse('start', `Cannot get interface MTU on '${bridge}': No such device`);
  return bridge;
}

function plugIn(state: LibvirtState, nic: XmlElement, bridge: string | undefined): Plug | undefined {
  if (bridge === undefined) return undefined;
  state.serial += 1;
  const tap = `vnet${state.serial}`;
  state.taps.set(tap, bridge);
  const network = attribute(first(nic, 'source'), 'network');
  if (network !== undefined) state.ports.get(network)?.add(tap);
  return { tap, bridge, portid: uuidFrom(state.serial) };
}

export function stop({ state }: Context, name: string, op: string, detail: string): void {
  const domain = find(state, name, op);
  if (isOff(domain)) refuse(op, 'Requested operation is not valid: domain is not running');
  for (const tap of tapsOf(domain)) {
    state.taps.delete(tap);
    for (const ports of state.ports.values()) ports.delete(tap);
  }
  delete domain.live;
  domain.state = 'shutoff';
  if (domain.transient === true) state.domains.delete(name);
  tell(state, 'domain', name, detail);
}

export function tapsOf({ live }: FakeDomain): string[] {
  if (live === undefined) return [];
  const nics = elements(first(parse(live), 'devices'), 'interface');
  return nics.flatMap((nic) => attribute(first(nic, 'target'), 'dev') ?? []);
}

function undefine({ state }: Context, name: string, flags: UndefineFlags): void {
  const { managedSave, snapshotsMetadata = false } = flags;
  const domain = find(state, name, 'undefine');
  if (domain.transient === true) refuse('undefine', 'cannot undefine transient domain');
  if (state.saved.has(name) && !managedSave)
    refuse('undefine', 'Refusing to undefine while domain managed save image exists');
  const count = domain.snapshots?.length ?? 0;
  if (isOff(domain) && count > 0 && !snapshotsMetadata)
    refuse(
      'undefine',
      `Requested operation is not valid: cannot delete inactive domain with ${count} snapshots`,
    );
  state.saved.delete(name);
  if (isOff(domain)) state.domains.delete(name);
  else {
    domain.live ??= domain.xml;
    domain.transient = true;
    delete domain.autostart;
  }
  tell(state, 'domain', name, 'Undefined Removed');
}

function setLink(domain: FakeDomain, mac: string, link: 'up' | 'down'): void {
  const { live = domain.xml } = domain;
  const root = parse(live);
  const isIt = (device: XmlElement): boolean =>
    device.name === 'interface' &&
    attribute(first(device, 'mac'), 'address')?.toLowerCase() === mac.toLowerCase();
  if (!elements(first(root, 'devices')).some(isIt))
    refuse('domif-setlink', `interface (mac: ${mac}) not found`);
  const edit = (device: XmlElement): XmlElement =>
    withChildren(device, [
      ...elements(device).filter(({ name }) => name !== 'link'),
      element('link', { state: link }),
    ]);
  const after = editChild(root, 'devices', (devices) =>
    withChildren(
      devices,
      elements(devices).map((device) => (isIt(device) ? edit(device) : device)),
    ),
  );
  domain.live = renderXml(after);
}
