import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { derivedBridgeMac, derivedMac, overlayDevice } from '../../../src/api/ipam/names.ts';
import { parseNetwork } from '../../../src/api/libvirt/network.ts';
import { createBed, createLab, type Bed } from '../bed.ts';
import { rawLibvirt } from '../fakes.ts';

const NAME = 'k8s-net';
const DEVICE = overlayDevice(NAME);
const MAC = derivedMac(NAME, 'far');

function tell(bed: Bed, macs: readonly string[] = [MAC]): void {
  bed.world.overlays.peers.set(NAME, {
    local: '10.0.0.1',
    peers: [{ vmhost: 'two', address: '10.0.0.2' }],
    macs: macs.map((mac) => ({ mac, vmhost: 'two' })),
  });
}

/** A network with an overlay, and a guest on it. */
async function createOverlay(): Promise<Bed> {
  const bed = await createLab('a');
  tell(bed);
  bed.apply('Network', NAME, { overlay: {} });
  await bed.converge();
  bed.world.calls.length = 0;
  return bed;
}

function ready(bed: Bed): string {
  const { status = '', reason = '' } = bed.condition(['Network', NAME], 'OverlayReady') ?? {};
  return `${status} ${reason}`;
}

describe('the overlay of a Network', () => {
  it('comes after all that local guests need', async () => {
    const bed = createBed();
    tell(bed);
    bed.apply('Network', NAME, { overlay: {} });

    await bed.pass('Network', NAME);

    assert.deepEqual(bed.world.calls, [
      ...['writeHostFiles', 'defineNetwork', 'setNetworkAutostart', 'startNetwork'].map(
        (call) => `${call} ${NAME}`,
      ),
      ...['make', 'filter', 'plug', 'update'].map((call) => `${call}Overlay ${DEVICE}`),
    ]);
    assert.equal(ready(bed), 'True Connected');
    assert.deepEqual(bed.object('Network', NAME).status.overlay, {
      device: DEVICE,
      vni: bed.world.overlays.devices.get(DEVICE)?.vni,
      local: '10.0.0.1',
      peers: 1,
      unreachable: 0,
      guests: 1,
    });
    const { mac, mtu } = parseNetwork(bed.world.networks.get(NAME)?.config ?? '').model;
    assert.deepEqual([mac, mtu], [derivedBridgeMac(NAME), '1450']);
  });

  it('that is as it shall be is not touched, and a Node elsewhere is one batch and no call of libvirt', async () => {
    const bed = await createOverlay();
    await bed.pass('Network', NAME);
    assert.deepEqual(bed.world.calls, []);

    tell(bed, [MAC, derivedMac(NAME, 'further')]);
    await bed.pass('Network', NAME);

    assert.deepEqual(bed.world.calls, [`updateOverlay ${DEVICE}`]);
    assert.deepEqual(bed.world.drifts, [], 'nobody changed anything behind a manifest');
  });

  it('stays as it is while nobody tells where the others are', async () => {
    const bed = await createOverlay();
    bed.world.overlays.peers.clear();

    await bed.converge();

    assert.deepEqual(bed.world.calls, []);
    assert.equal(ready(bed), 'Unknown PeersUnknown');
    assert.equal(bed.ready('Network', NAME), 'True Active');
  });

  it('sends nothing elsewhere that is for a guest of this vmhost', async () => {
    const bed = await createOverlay();
    tell(bed, [MAC, derivedMac(NAME, 'a')]);

    await bed.converge();

    assert.deepEqual(bed.world.calls, []);
  });

  it('is plugged in again where somebody restarts the network, and knows all Nodes', async () => {
    const bed = await createOverlay();
    rawLibvirt(bed.world).netDestroy(NAME);
    rawLibvirt(bed.world).netStart(NAME);

    await bed.converge();

    assert.equal(bed.world.taps.get(DEVICE), 'virbr1');
    assert.ok(bed.world.overlays.fdb.get(DEVICE)?.behind.has(MAC));
    assert.ok(bed.world.drifts.length > 0);
    assert.equal(ready(bed), 'True Connected');
  });

  it('is parked with the guests when the network restarts, and told of all Nodes in the same pass', async () => {
    const bed = await createOverlay();
    bed.apply('Network', NAME, { overlay: {}, domain: 'other.local' });

    await bed.pass('Network', NAME);

    const { calls } = bed.world;
    const parked = calls.find((call) => call.startsWith('park '));
    assert.match(parked ?? '', new RegExp(DEVICE));
    assert.deepEqual(calls.slice(-2), [`plugOverlay ${DEVICE}`, `updateOverlay ${DEVICE}`]);
    assert.ok(bed.world.overlays.fdb.get(DEVICE)?.behind.has(MAC));
    assert.deepEqual(bed.world.drifts, []);
  });

  it('keeps no local guest waiting where it cannot be looked at', async () => {
    const bed = await createOverlay();
    await bed.clock.advance(2000);
    bed.world.broken.set('readOverlays', new Error('there is no bridge(8)'));
    bed.apply('Node', 'b');

    await bed.pass('Network', NAME);

    assert.deepEqual(
      bed.world.calls,
      ['defineNetwork', 'writeHostFiles', 'reload'].map((call) => `${call} ${NAME}`),
    );
    assert.equal(ready(bed), 'Unknown LookFailed');
  });

  it('that cannot be set up leaves the network Ready, and says why', async () => {
    const bed = await createLab('a');
    tell(bed);
    bed.world.broken.set('filterOverlay', new Error('Operation not supported'));
    bed.apply('Network', NAME, { overlay: {} });

    await assert.rejects(bed.pass('Network', NAME), /Operation not supported/);

    assert.ok(!bed.world.taps.has(DEVICE), 'what is not filtered is not plugged in');
    assert.match(bed.ready('Network', NAME), /^True/);
    assert.equal(bed.condition(['Network', NAME], 'Synced')?.status, 'False');
  });

  it('goes with the manifest, before the network', async () => {
    const bed = createBed();
    tell(bed);
    bed.apply('Network', NAME, { overlay: {} });
    await bed.pass('Network', NAME);
    bed.store.terminate('Network', NAME);

    await bed.converge();

    assert.ok(!bed.world.links.has(DEVICE));
    const calls = bed.world.calls.filter((call) => /removeOverlay|destroyNetwork/.test(call));
    assert.deepEqual(calls, [`removeOverlay ${DEVICE}`, `destroyNetwork ${NAME}`]);
  });

  it('tells guests their MTU by virtio: new ones from the start, and one that runs at its next', async () => {
    const bed = await createLab('a');
    tell(bed);
    bed.apply('Network', NAME, { overlay: {} });
    bed.apply('Node', 'b');
    await bed.converge();

    for (const name of ['a', 'b'])
      assert.match(bed.world.domains.get(name)?.xml ?? '', /<mtu size="1450"/, name);
    assert.equal(bed.world.domains.get('a')?.state, 'running');
    assert.deepEqual(
      bed.world.calls.filter((call) => / a$/.test(call)),
      ['defineDomain a'],
    );
    bed.world.calls.length = 0;
    await bed.converge();
    assert.deepEqual(bed.world.calls, []);
  });

  it('goes with its field', async () => {
    const bed = await createOverlay();
    bed.apply('Network', NAME);

    await bed.converge();

    assert.ok(!bed.world.links.has(DEVICE));
    assert.equal(bed.condition(['Network', NAME], 'OverlayReady'), undefined);
  });
});
