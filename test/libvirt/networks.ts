import { attribute, first, renderXml, textOf, type XmlElement } from '../../src/api/xml.ts';
import { blockOf, format, ips } from './addresses.ts';
import { checkNetwork, completeNetwork, withConnections } from './network-xml.ts';
import { updateNetwork, type Update } from './network-update.ts';
import {
  macFrom,
  parse,
  parseGiven,
  refuse,
  tell,
  uuidFrom,
  type Context,
  type DoubleOptions,
  type FakeNetwork,
  type LibvirtState,
} from './state.ts';

export interface RawNetwork {
  readonly name: string;
  readonly uuid: string;
  readonly active: boolean;
  readonly persistent: boolean;
  readonly autostart: boolean;
}

export interface RawUpdate extends Update {
  readonly network: string;
  /** Neither: whichever side is current. */
  readonly live: boolean;
  readonly config: boolean;
}

/** virsh's commands about networks, as libvirt 9 answers them. */
export interface RawNetworks {
  netDefine(xml: string): void;
  /** Defines nothing: a transient network. */
  netCreate(xml: string): void;
  netStart(name: string): void;
  netDestroy(name: string): void;
  netUndefine(name: string): void;
  netAutostart(name: string, on: boolean): void;
  netUpdate(update: RawUpdate): void;
  netXml(name: string, options: { readonly inactive: boolean }): string;
  nets(): RawNetwork[];
}

export function rawNetworks(state: LibvirtState, options: DoubleOptions): RawNetworks {
  const context = { state, options };
  return {
    netDefine: (xml) => define(context, xml),
    netCreate: (xml) => create(context, xml),
    netStart: (name) => start(context, name, find(state, name, 'net-start')),
    netDestroy: (name) => destroy(context, name),
    netUndefine: (name) => undefine(context, name),
    netAutostart(name, on) {
      const network = find(state, name, 'net-autostart');
      if (network.config === undefined) refuse('net-autostart', 'cannot set autostart for transient network');
      network.autostart = on;
    },
    netUpdate: (update) => change(context, update),
    netXml: (name, { inactive }) => dump(state, name, inactive),
    nets: () => [...state.networks].map(([name, network]) => listed(name, network)),
  };
}

function listed(name: string, network: FakeNetwork): RawNetwork {
  const { config, live, autostart } = network;
  const uuid = textOf(first(parse(config ?? live ?? ''), 'uuid')) ?? name;
  return { name, uuid, active: live !== undefined, persistent: config !== undefined, autostart };
}

function find(state: LibvirtState, name: string, op: string): FakeNetwork {
  return state.networks.get(name) ?? refuse(op, `failed to get network '${name}'`, 'NotFound');
}

function define(context: Context, xml: string): void {
  const { state } = context;
  const { name, text } = accept(context, 'net-define', xml);
  const before = state.networks.get(name);
  state.networks.set(name, { autostart: false, ...before, config: text });
  tell(state, 'network', name, 'Defined');
}

function create(context: Context, xml: string): void {
  const { state } = context;
  const { name, text } = accept(context, 'net-create', xml);
  if (state.networks.get(name)?.live !== undefined)
    refuse('net-create', `network is already active as '${name}'`);
  const before = state.networks.get(name);
  state.networks.set(name, { autostart: false, ...before });
  start(context, name, { autostart: false, config: text }, true);
}

/** Checks a definition and completes it. */
function accept({ state }: Context, op: string, xml: string): { name: string; text: string } {
  const given = parseGiven(op, xml, 'network');
  checkNetwork(op, given);
  const name = textOf(first(given, 'name')) ?? '';
  state.serial += 1;
  const { serial } = state;
  const root = completeNetwork(given, {
    uuid: uuidFrom(serial),
    mac: macFrom(serial),
    bridge: freeBridge(state),
  });
  const uuid = textOf(first(root, 'uuid')) ?? '';
  const bridge = attribute(first(root, 'bridge'), 'name');
  for (const [other, network] of state.networks) {
    const known = listed(other, network).uuid;
    if (other === name && known !== uuid && known !== other)
      refuse(op, `operation failed: network '${name}' already exists with uuid ${known}`, 'AlreadyExists');
    if (other !== name && known === uuid)
      refuse(
        op,
        `operation failed: network '${other}' is already defined with uuid ${uuid}`,
        'AlreadyExists',
      );
    if (other !== name && bridgesOf(network).includes(bridge))
      refuse(op, `internal error: bridge name '${bridge ?? ''}' already in use.`, 'AlreadyExists');
  }
  return { name, text: renderXml(root) };
}

function bridgesOf({ config, live }: FakeNetwork): (string | undefined)[] {
  return [config, live].flatMap((text) => (text === undefined ? [] : [bridgeOf(text)]));
}

function bridgeOf(text: string): string | undefined {
  return attribute(first(parse(text), 'bridge'), 'name');
}

function freeBridge(state: LibvirtState): string {
  const taken = new Set([...state.networks.values()].flatMap(bridgesOf));
  for (let number = 0; ; number += 1) {
    const name = `virbr${number}`;
    if (!taken.has(name) && !state.links.has(name)) return name;
  }
}

function start(context: Context, name: string, network: FakeNetwork, transient = false): void {
  const { state } = context;
  if (network.live !== undefined) refuse('net-start', 'network is already active', 'AlreadyExists');
  const text = network.config ?? '';
  const root = parse(text);
  const bridge = bridgeOf(text) ?? '';
  if (bridge.length > 15)
    refuse('net-start', `error creating bridge interface ${bridge}: Numerical result out of range`);
  if (state.links.has(bridge)) refuse('net-start', `error creating bridge interface ${bridge}: File exists`);
  checkRoutes(state, root);
  const live = { ...(state.networks.get(name) ?? network), live: text };
  if (transient) delete live.config;
  state.networks.set(name, live);
  if (bridge !== '') state.links.add(bridge);
  state.ports.set(name, new Set());
  state.onDnsmasq?.(name, 'start');
  tell(state, 'network', name, 'Started');
}

/** Only a route of the very same block stands in the way. */
function checkRoutes(state: LibvirtState, root: XmlElement): void {
  const blocks = ips(root)
    .flatMap((ip) => blockOf(ip) ?? [])
    .map(format);
  const taken = new Map(state.routes);
  for (const { live } of state.networks.values()) {
    if (live === undefined) continue;
    for (const ip of ips(parse(live))) {
      const block = blockOf(ip);
      if (block !== undefined) taken.set(format(block), bridgeOf(live) ?? '');
    }
  }
  for (const block of blocks) {
    const device = taken.get(block);
    if (device !== undefined)
      refuse('net-start', `internal error: Network is already in use by interface ${device}`);
  }
  if (new Set(blocks).size < blocks.length)
    refuse('net-start', 'Failed to add IP address to bridge: File exists');
}

function destroy(context: Context, name: string): void {
  const { state } = context;
  const network = find(state, name, 'net-destroy');
  const live = network.live ?? refuse('net-destroy', `network '${name}' is not active`);
  const bridge = bridgeOf(live) ?? '';
  for (const [tap, master] of state.taps) if (master === bridge) state.taps.delete(tap);
  state.links.delete(bridge);
  state.ports.delete(name);
  delete network.live;
  if (network.config === undefined) state.networks.delete(name);
  state.onDnsmasq?.(name, 'end');
  tell(state, 'network', name, 'Stopped');
}

function undefine(context: Context, name: string): void {
  const { state } = context;
  const network = find(state, name, 'net-undefine');
  if (network.config === undefined) refuse('net-undefine', 'cannot undefine transient network');
  delete network.config;
  network.autostart = false;
  if (network.live === undefined) state.networks.delete(name);
  tell(state, 'network', name, 'Undefined');
}

/** Tells nobody (T6). Both sides are checked before either is changed. */
function change({ state, options }: Context, update: RawUpdate): void {
  const network = find(state, update.network, 'net-update');
  const version = options.version ?? '9.0.0';
  const current = !update.live && !update.config;
  const live = update.live || (current && network.live !== undefined);
  const config = update.config || (current && network.live === undefined);
  if (live && network.live === undefined) refuse('net-update', 'network is not running');
  if (config && network.config === undefined)
    refuse('net-update', 'cannot change persistent config of a transient network');
  const after = {
    ...(config ? { config: renderXml(updateNetwork(parse(network.config ?? ''), update, version)) } : {}),
    ...(live ? { live: renderXml(updateNetwork(parse(network.live ?? ''), update, version)) } : {}),
  };
  Object.assign(network, after);
  if (live) state.onDnsmasq?.(update.network, update.section === 'ip-dhcp-range' ? 'start' : 'reload');
}

function dump(state: LibvirtState, name: string, inactive: boolean): string {
  const { config, live } = find(state, name, 'net-dumpxml');
  if (inactive || live === undefined) return config ?? live ?? '';
  const count = state.ports.get(name)?.size ?? 0;
  return count === 0 ? live : renderXml(withConnections(parse(live), count));
}

/** The bridge of a running network. @throws VirshError when it is not running */
export function bridgeToPlugInto(state: LibvirtState, op: string, name: string): string {
  const { live } =
    state.networks.get(name) ??
    refuse(op, `Network not found: no network with matching name '${name}'`, 'NotFound');
  if (live === undefined) return refuse(op, `network '${name}' is not active`);
  return bridgeOf(live) ?? '';
}
