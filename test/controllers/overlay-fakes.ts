import assert from 'node:assert/strict';
import type { OverlayPeers } from '../../src/api/network/overlay.ts';
import type { Fdb, OverlayWorld, Underlay, VxlanDevice } from '../../src/api/network/overlay-observed.ts';
import type { OverlayNeighbours } from '../../src/api/network/actions.ts';
import type { Overlays } from '../../src/drivers/overlays.ts';
import { changes, fails, later, type World } from './fakes.ts';

interface FakeFdb extends Fdb {
  readonly flood: Set<string>;
  readonly far: Map<string, string>;
  readonly behind: Set<string>;
}

/** VXLAN devices in memory. A device is a port of what `world.taps` says. */
export interface FakeOverlays {
  readonly devices: Map<string, Omit<VxlanDevice, 'master'>>;
  readonly fdb: Map<string, FakeFdb>;
  readonly chains: Map<string, Map<string, number>>;
  /** By network; what is not there is not known. */
  readonly peers: Map<string, OverlayPeers>;
  underlay: Underlay;
}

export function createOverlayState(): FakeOverlays {
  const underlay = { mtu: 1500, unreachable: [] };
  return { devices: new Map(), fdb: new Map(), chains: new Map(), peers: new Map(), underlay };
}

/** What a port loses with its bridge. */
export function newPort({ devices, fdb }: FakeOverlays, port: string): void {
  fdb.get(port)?.behind.clear();
  const device = devices.get(port);
  if (device !== undefined) devices.set(port, { ...device, sealed: false });
}

function readWorld({ overlays, taps }: World): OverlayWorld {
  const devices = new Map(
    [...overlays.devices].map(([name, device]): [string, VxlanDevice] => {
      const master = taps.get(name);
      if (master === undefined) newPort(overlays, name);
      return [name, { ...device, ...(master === undefined ? { sealed: false } : { master }) }];
    }),
  );
  return { devices, fdb: structuredClone(overlays.fdb), chains: structuredClone(overlays.chains) };
}

export function fakeOverlays(world: World): Overlays {
  const { devices, fdb, chains } = world.overlays;
  return {
    read: later(() => {
      fails(world, 'readOverlays');
      return readWorld(world);
    }),
    set: later(({ name, ...device }, how) => {
      changes(world, `${how}Overlay`, name);
      assert.equal(devices.has(name), how !== 'make');
      const before = devices.get(name);
      devices.set(name, { up: false, sealed: false, ...before, ...device, name, kind: 'vxlan' });
      if (how === 'change') return;
      world.taps.delete(name);
      world.links.add(name);
      devices.set(name, { ...device, name, kind: 'vxlan', up: false, sealed: false });
      fdb.set(name, { flood: new Set(), far: new Map(), behind: new Set() });
      chains.delete(name);
    }),
    filter: later((device, { chain, rules }) => {
      changes(world, 'filterOverlay', device);
      chains.set(device, new Map([[chain, rules.length]]));
    }),
    plug: later(({ device, bridge }) => {
      changes(world, 'plugOverlay', device);
      assert.ok(chains.has(device), 'what comes is filtered before it can come');
      assert.ok(world.links.has(bridge), `there is a bridge ${bridge}`);
      if (world.taps.get(device) !== bridge) newPort(world.overlays, device);
      world.taps.set(device, bridge);
      devices.set(device, { ...(devices.get(device) ?? assert.fail(device)), up: true });
    }),
    update: later((device, neighbours) => {
      changes(world, 'updateOverlay', device);
      assert.ok(world.taps.has(device), 'a port');
      updateFdb(fdb.get(device) ?? assert.fail(device), neighbours);
      devices.set(device, { ...(devices.get(device) ?? assert.fail(device)), sealed: true });
    }),
    remove: later((device) => {
      changes(world, 'removeOverlay', device);
      for (const from of [devices, fdb, chains, world.taps]) from.delete(device);
      world.links.delete(device);
    }),
    underlay: later(() => world.overlays.underlay),
  };
}

function updateFdb({ flood, far, behind }: FakeFdb, changed: OverlayNeighbours): void {
  for (const address of changed.flood.add) flood.add(address);
  for (const address of changed.flood.remove) flood.delete(address);
  for (const [mac, address] of changed.far.set) far.set(mac, address);
  for (const [mac] of changed.far.remove) far.delete(mac);
  for (const mac of changed.behind.add) behind.add(mac);
  for (const mac of changed.behind.remove) behind.delete(mac);
}
