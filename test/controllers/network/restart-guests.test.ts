import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReasonedError } from '../../../src/api/errors.ts';
import type { NetworkAction } from '../../../src/api/network/actions.ts';
import { restartNetwork } from '../../../src/controllers/network/restart.ts';
import { createFakeClock } from '../../engine/fake-clock.ts';
import { createLab, type Bed } from '../bed.ts';
import { fakeBridges, fakeDnsmasq, fakeLibvirt, rawLibvirt, type World } from '../fakes.ts';

/** A lab whose network is to be restarted, without dnsmasq's directories, as by a k8slab of before. */
const OTHER = { domain: 'other.local', policy: { restart: 'RestartGuests' } };

function callsOf(bed: Bed, ...names: readonly string[]): string[] {
  return bed.world.calls.filter((call) => names.some((name) => call.startsWith(name)));
}

function deps(world: World): Parameters<typeof restartNetwork>[0] {
  const clock = createFakeClock();
  return { libvirt: fakeLibvirt(world), dnsmasq: fakeDnsmasq(world), bridges: fakeBridges(world), clock };
}

describe('the restart of a network', () => {
  it('reboots the guests of ours afterwards where the policy says so, and nobody else', async () => {
    const bed = await createLab('a', 'b');
    const nic = '<interface type="network"><source network="k8s-net"/></interface>';
    const raw = rawLibvirt(bed.world);
    raw.define(`<domain><name>foreign</name><vcpu>1</vcpu><devices>${nic}</devices></domain>`);
    raw.start('foreign');
    bed.apply('Network', 'k8s-net', OTHER);

    await bed.pass('Network', 'k8s-net');

    assert.deepEqual(callsOf(bed, 'destroyNetwork', 'startNetwork', 'rebootDomain'), [
      'destroyNetwork k8s-net',
      'startNetwork k8s-net',
      'rebootDomain a',
      'rebootDomain b',
    ]);
  });

  it('plugs every tap into the new bridge, those of foreign guests too', async () => {
    const bed = await createLab('a');
    const taps = [...bed.world.taps.keys()];
    bed.apply('Network', 'k8s-net', { bridge: { name: 'virbr9' } });

    await bed.pass('Network', 'k8s-net');

    assert.ok(taps.length > 0);
    assert.deepEqual(
      [...bed.world.taps],
      taps.map((tap) => [tap, 'virbr9']),
    );
    assert.equal(bed.world.parked.size, 0);
  });

  it('brings the definition from before back when the new one does not start', async () => {
    const bed = await createLab('a');
    const { world } = bed;
    const { config: before = '' } = world.networks.get('k8s-net') ?? {};
    const attachment = { bridge: 'virbr9', ports: [...world.taps.keys()], stp: true, parking: 'parking' };
    const action: Extract<NetworkAction, { type: 'RestartNetwork' }> = {
      type: 'RestartNetwork',
      disruption: 'uplink',
      reason: 'test',
      attachment,
      signature: '',
      reboot: ['a'],
      before: 'virbr1',
      rollback: before,
    };
    rawLibvirt(world).netDefine(before.replace('name="virbr1"', 'name="much-too-long-a-name"'));

    await assert.rejects(restartNetwork(deps(world), 'k8s-net', action), { reason: 'RestartFailed' });

    assert.equal(world.networks.get('k8s-net')?.config, before);
    assert.deepEqual([...world.taps.values()], ['virbr1']);
    assert.deepEqual(callsOf(bed, 'rebootDomain'), []);
  });
});

describe('a DNS record that is changed by net-update', () => {
  it('E14: is back as it was when the new one is refused', async () => {
    const bed = await createLab('a');
    const { world } = bed;
    const network = world.networks.get('k8s-net') ?? assert.fail();
    // As a network that was started before k8slab gave it directories.
    network.live = (network.config ?? '').replaceAll(/<dnsmasq:option value[^>]*>/g, '');
    const before = network.live;
    const libvirt = fakeLibvirt(world);
    let adds = 0;
    bed.apply('Node', 'a', { dnsAliases: ['api'] });
    world.refuse = (call, subject) => {
      if (call !== 'updateNetwork' || subject !== 'k8s-net') return undefined;
      adds += 1;
      return adds === 2 ? new ReasonedError('OperationFailed', 'no') : undefined;
    };

    await assert.rejects(bed.pass('Network', 'k8s-net'), { reason: 'OperationFailed' });

    assert.equal(adds, 3, 'deleted, refused, added again');
    assert.match(
      (await libvirt.networkXml('k8s-net', { inactive: false })) ?? '',
      /<hostname>a\.k8s-thw\.local/,
    );
    assert.equal(network.live, before);
  });
});
