import assert from 'node:assert/strict';
import type { Named } from '../../../src/api/ownership/named.ts';
import { leaveEntries, takeOverNetwork } from '../../../src/api/network/adopt.ts';
import { networkSpec, type NetworkSpec } from '../../../src/api/network/spec.ts';
import { nodeSpec } from '../../../src/api/node/spec.ts';
import type { NetworkAction } from '../../../src/api/network/actions.ts';
import type { NodeManifest } from '../../../src/api/network/claims.ts';
import { desireNetwork, takenInput, type AddressInUse } from '../../../src/api/network/desire.ts';
import { planNetwork } from '../../../src/api/network/plan.ts';
import type { NetworkGuest, ObservedNetwork } from '../../../src/api/network/observed.ts';
import type { Plan } from '../../../src/api/disruption/action.ts';
import { parseNetwork } from '../../../src/api/libvirt/network.ts';
import {
  attribute,
  editChild,
  elements,
  parseXml,
  renderXml,
  withChildren,
  type XmlElement,
} from '../../../src/api/xml.ts';
import type { Refusal } from '../../../src/api/ipam/entry.ts';

export const hostDirs = { dhcp: '/dnsmasq/k8s-net-dhcp', dns: '/dnsmasq/k8s-net-dns' };

export function spec(more: Record<string, unknown> = {}): NetworkSpec {
  return networkSpec.parse({
    domain: 'k8s-thw.local',
    cidr: '192.168.111.0/24',
    bridge: { name: 'virbr1' },
    dhcp: { start: '192.168.111.8', end: '192.168.111.254' },
    ...more,
  });
}

export function node(
  name: string,
  nic: { address?: string; mac?: string } = {},
  more: object = {},
): NodeManifest {
  const networks = [{ network: 'k8s-net', ...nic }];
  return { name, spec: nodeSpec.parse({ disk: { image: 'centos7' }, networks, ...more }) };
}

export const master00 = node('master00', { address: '192.168.111.150', mac: '52:54:00:5e:53:fb' });
export const master01 = node('master01', { address: '192.168.111.135', mac: '52:54:00:b5:06:ff' });

export interface World {
  /** --inactive XML. */
  config?: string;
  /** Live XML; given: the network is active. */
  live?: string;
  /** It runs, and `config` is only what runs. */
  transient?: boolean;
  autostart?: boolean;
  hostFiles?: ObservedNetwork['hostFiles'];
  guests?: readonly NetworkGuest[];
  parked?: readonly string[];
  neighbours?: Partial<ObservedNetwork['neighbours']>;
  ports?: readonly string[];
  dnsmasq?: NonNullable<ObservedNetwork['dnsmasq']>;
  failedRestart?: ObservedNetwork['failedRestart'];
}

export interface Pass extends Plan<NetworkAction> {
  readonly refusals: readonly Refusal[];
  readonly refusedRecords: readonly string[];
}

interface LookOptions {
  readonly spec?: NetworkSpec;
  /** Machines that there are. */
  readonly domains?: readonly string[];
  readonly named?: Named;
  readonly inUse?: readonly AddressInUse[];
}

/** One look at a world by manifests: what would be done. */
export function look(nodes: readonly NodeManifest[], world: World, options: LookOptions = {}): Pass {
  const config = world.config === undefined ? undefined : parseNetwork(world.config);
  const found: ObservedNetwork = {
    active: world.live !== undefined,
    persistent: world.config !== undefined && world.transient !== true,
    autostart: world.autostart ?? false,
    hostFiles: world.hostFiles ?? { reservations: [], names: [] },
    guests: world.guests ?? [],
    ports: world.ports ?? (world.guests ?? []).map(({ tap }) => tap),
    filtersFrames: false,
    neighbours: { networks: [], unreadable: [], routes: [], bridgeNameTaken: false, ...world.neighbours },
    ...(world.parked === undefined ? {} : { parked: world.parked }),
    ...(world.dnsmasq === undefined ? {} : { dnsmasq: world.dnsmasq }),
    ...(world.failedRestart === undefined ? {} : { failedRestart: world.failedRestart }),
    ...(config === undefined ? {} : { config }),
    ...(world.live === undefined ? {} : { live: parseNetwork(world.live) }),
  };
  const manifest = {
    name: 'k8s-net',
    spec: options.spec ?? spec(),
    named: options.named ?? ((): boolean => true),
  };
  const taken = takeOverNetwork(manifest, found, nodes);
  const { desired, refusals, refusedRecords, left } = desireNetwork({
    ...takenInput(taken),
    name: 'k8s-net',
    nodes,
    keeps: (name) => options.domains?.includes(name) === true,
    hostDirs,
    inUse: [...(options.inUse ?? []), ...found.hostFiles.reservations],
  });
  return { ...planNetwork(desired, leaveEntries(taken, left)), refusals, refusedRecords };
}

/** What the world is after a plan, as libvirt and dnsmasq would have it. */
export function apply(world: World, { actions }: Plan<NetworkAction>): World {
  return actions.reduce((before: World, action): World => {
    switch (action.type) {
      case 'DefineNetwork':
        return { ...before, config: action.xml };
      case 'StartNetwork':
        return { ...before, ...(before.config === undefined ? {} : { live: before.config }) };
      case 'SetNetworkAutostart':
        return { ...before, autostart: action.on };
      case 'WriteHostFiles':
        return { ...before, hostFiles: action.files };
      case 'UpdateNetwork':
        return before.live === undefined ? before : { ...before, live: updateLiveXml(before.live, action) };
      case 'ReloadDnsmasq':
        return before;
      case 'SetMtu':
        return {
          ...before,
          guests: (before.guests ?? []).map((guest) =>
            action.ports.includes(guest.tap) ? { ...guest, mtu: action.mtu } : guest,
          ),
        };
      case 'AttachTaps': {
        const { bridge, ports } = action.attachment;
        const guests = (before.guests ?? []).map((guest) =>
          ports.includes(guest.tap) ? { ...guest, master: bridge } : guest,
        );
        const after = { ...before, guests };
        delete after.parked;
        return after;
      }
      case 'SetOverlay':
      case 'FilterOverlay':
      case 'PlugOverlay':
      case 'UpdateOverlay':
      case 'RemoveOverlay':
        return before;
      case 'RestartNetwork':
        return {
          ...before,
          hostFiles: { reservations: [], names: [] },
          ...(before.config === undefined ? {} : { live: before.config }),
        };
    }
  }, world);
}

export function types({ actions }: Plan): string[] {
  return actions.map(({ type }) => type);
}

/** net-update on the live XML: a host is added, or taken out whole, as libvirt does it. */
export function updateLiveXml(
  live: string,
  action: { readonly command: string; readonly section: string; readonly xml: string },
): string {
  const host = parseXml(action.xml);
  const root = parseXml(live);
  const edit = (parent: XmlElement): XmlElement => {
    const same = elements(parent, 'host').find((other) => attribute(other, 'ip') === attribute(host, 'ip'));
    if (action.command === 'modify') {
      const mine = elements(parent, 'host').find(
        (other) => attribute(other, 'mac') === attribute(host, 'mac'),
      );
      assert.ok(mine, `libvirt refuses to modify what is not there: ${action.xml}`);
      return withChildren(
        parent,
        parent.children.map((child) => (child === mine ? host : child)),
      );
    }
    if (action.command === 'add') {
      assert.equal(same, undefined, 'libvirt refuses a second host of one address');
      return withChildren(parent, [...parent.children, host]);
    }
    assert.ok(same, `libvirt refuses to delete what is not there: ${action.xml}`);
    return withChildren(
      parent,
      parent.children.filter((child) => child !== same),
    );
  };
  if (action.section === 'dns-host') return renderXml(editChild(root, 'dns', edit));
  return renderXml(editChild(root, 'ip', (ip) => editChild(ip, 'dhcp', edit)));
}
