import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReasonedError } from '../../../src/api/errors.ts';
import { boot, callsFor, createBed, createLab, withNode } from '../bed.ts';

const OTHERS = `<domain type='qemu'><name>theirs</name><devices>
  <interface type='network'><mac address='52:54:00:00:00:0A'/><source network='default'/></interface></devices></domain>`;

describe('a Node', () => {
  it('E37: is made as disk, seed, definition and start, and only once its reservation is live', async () => {
    const bed = withNode();

    await bed.converge();

    assert.deepEqual(callsFor(bed, 'a'), [
      'createOverlay',
      'writeSeed',
      'defineDomain',
      'setDomainAutostart',
      'startDomain',
    ]);
    const { calls } = bed.world;
    assert.ok(calls.indexOf('startNetwork k8s-net') < calls.indexOf('createOverlay a'));
    assert.equal(bed.ready('Node', 'a'), 'False NoLease');
    boot(bed, 'a');
    await bed.converge();
    assert.equal(bed.ready('Node', 'a'), 'True Ready');
  });

  it('E03: that is as it shall be is not touched, and neither is anything else', async () => {
    const bed = await createLab('a', 'b');

    await bed.converge();

    assert.deepEqual(bed.world.calls, []);
  });

  it('E60: is as it was for a daemon that knows nothing of before, and nothing is done again', async () => {
    const before = await createLab('a', 'b');
    const bed = createBed({ world: before.world });
    for (const name of ['b', 'a']) bed.apply('Node', name);
    bed.apply('Network', 'k8s-net');
    bed.apply('Image', 'debian');

    await bed.converge();

    assert.deepEqual(bed.world.calls, []);
    for (const name of ['a', 'b']) {
      assert.equal(bed.ready('Node', name), 'True Ready');
      assert.equal(bed.object('Node', name).status.address, before.object('Node', name).status.address);
    }
  });

  it('E17, E91: waits for a Network that does not exist, and goes on when it appears', async () => {
    const bed = createBed();
    bed.apply('Node', 'a');
    bed.apply('Image', 'debian');
    await bed.converge();
    assert.equal(bed.ready('Node', 'a'), 'False NetworkNotFound');
    assert.deepEqual(callsFor(bed, 'a'), []);

    bed.apply('Network', 'k8s-net');
    await bed.converge();

    assert.equal(bed.world.domains.get('a')?.state, 'running');
  });

  it('waits for its Image, and goes on when it is there', async () => {
    const bed = createBed();
    bed.apply('Node', 'a');
    bed.apply('Network', 'k8s-net');
    await bed.converge();
    assert.equal(bed.ready('Node', 'a'), 'False ImageNotFound');

    bed.apply('Image', 'debian');
    await bed.converge();

    assert.equal(bed.world.domains.get('a')?.state, 'running');
  });

  it('waits for the capabilities of the vmhost before it is defined', async () => {
    const bed = withNode();
    for (const [kind, name] of [
      ['Network', 'k8s-net'],
      ['Image', 'debian'],
      ['Image', 'debian'],
      ['Node', 'a'],
    ] as const) {
      await bed.pass(kind, name);
    }

    assert.equal(bed.ready('Node', 'a'), 'False HostNotReady');
  });

  it('is not made by a libvirt that is too old, which is said; what is there goes on', async () => {
    const bed = withNode();
    await bed.converge();
    const { world } = bed;
    const old = createBed({ world: Object.assign(world, { libvirtVersion: '8.10.0' }) });
    for (const [kind, name] of [
      ['Network', 'k8s-net'],
      ['Image', 'debian'],
      ['Node', 'a'],
      ['Node', 'b'],
    ] as const)
      old.apply(kind, name);
    world.calls.length = 0;

    await old.converge();

    assert.equal(old.ready('Vmhost', 'vmhost'), 'False LibvirtTooOld');
    assert.equal(old.ready('Node', 'b'), 'False LibvirtTooOld');
    assert.equal(old.object('Node', 'a').status.state, 'running');
    assert.deepEqual(
      world.calls.filter((call) => /domain/i.test(call)),
      [],
    );
  });

  it('E50: that was made halfway goes on from there, with the disk it has', async () => {
    const bed = withNode();
    bed.world.broken.set('defineDomain', new ReasonedError('OperationFailed', 'libvirtd went away'));
    await assert.rejects(bed.converge(), { reason: 'OperationFailed' });
    assert.equal(bed.ready('Node', 'a'), 'False OperationFailed');

    bed.world.broken.clear();
    await bed.converge();

    assert.equal(callsFor(bed, 'a').filter((call) => call === 'createOverlay').length, 1);
    assert.equal(bed.world.domains.get('a')?.state, 'running');
  });

  it('is condemned: nothing is made for it, and what there is stays in sight', async () => {
    const bed = withNode();
    bed.condemned.add('Node/a');

    await bed.converge();

    assert.deepEqual(callsFor(bed, 'a'), []);
    assert.equal(bed.ready('Node', 'a'), 'False Conflict');
    assert.ok(bed.condition(['Node', 'a'], 'Defined'));
  });
});

describe('what others have', () => {
  it('is not touched: a domain of that name is a conflict', async () => {
    const bed = withNode();
    const xml = OTHERS.replace('theirs', 'a');
    bed.world.domains.set('a', { xml, state: 'shutoff' });

    await bed.converge();

    assert.deepEqual([bed.ready('Node', 'a'), callsFor(bed, 'a')], ['False Conflict', []]);
    assert.deepEqual(bed.world.domains.get('a'), { xml, state: 'shutoff' });
    assert.equal(bed.condition(['Node', 'a'], 'Synced')?.status, 'False');
  });

  it('E39: is not doubled: a MAC address that another domain has is a conflict, in whatever case it is written', async () => {
    const bed = withNode({ networks: [{ network: 'k8s-net', mac: '52:54:00:00:00:0a' }] });
    bed.world.domains.set('theirs', { xml: OTHERS, state: 'shutoff' });

    await bed.converge();

    assert.deepEqual([bed.ready('Node', 'a'), callsFor(bed, 'a')], ['False MACInUse', []]);
    assert.match(bed.condition(['Node', 'a'], 'Ready')?.message ?? '', /"theirs"/);
  });

  it('E51: is not overwritten: a disk that k8slab did not make', async () => {
    const bed = withNode();
    bed.world.disks.set('a', { exists: true, ours: false, whole: true });

    await bed.converge();

    assert.deepEqual([bed.ready('Node', 'a'), callsFor(bed, 'a')], ['False DiskNotOurs', []]);
  });
});

describe('guests that start', () => {
  it('at the same time are no more than may, also when all Nodes are looked at at once', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const bed = createBed({ boots: 2 });
    bed.apply('Network', 'k8s-net');
    bed.apply('Image', 'debian');
    for (const name of names) bed.apply('Node', name);
    for (const kind of ['Vmhost', 'Network', 'Image', 'Image'] as const) {
      for (const { metadata } of bed.store.list(kind)) await bed.pass(kind, metadata.name);
    }

    const started = (): number => bed.world.calls.filter((call) => call.startsWith('startDomain')).length;
    await Promise.all(names.map((name) => bed.pass('Node', name)));
    assert.equal(started(), 2);
    assert.equal(bed.world.calls.filter((call) => call.startsWith('defineDomain')).length, 5);
    assert.deepEqual(names.filter((name) => bed.ready('Node', name) === 'False BootQueued').length, 3);

    for (const name of names) boot(bed, name);
    await bed.converge();
    assert.equal(started(), 5);
    for (const name of names) assert.equal(bed.ready('Node', name), 'True Ready');
  });

  it('E44: and stop again are started later and later', async () => {
    const bed = await createLab('a');
    const starts: number[] = [];
    const begin = bed.clock.monotonic();
    for (let second = 0; second < 60; second++) {
      const domain = bed.world.domains.get('a');
      assert.ok(domain);
      domain.state = 'crashed';
      bed.world.guests.clear();
      bed.world.leases.length = 0;
      const before = callsFor(bed, 'a').length;
      await bed.clock.advance(1000);
      await bed.pass('Node', 'a');
      if (callsFor(bed, 'a').length > before) starts.push(Math.round((bed.clock.monotonic() - begin) / 1000));
    }

    assert.deepEqual(starts, [1, 6, 16, 36]);
    assert.equal(bed.ready('Node', 'a'), 'False StartBackOff');
  });

  it('E43: are looked at soon, and less and less often', async () => {
    const bed = withNode();
    await bed.converge();

    const young = await bed.pass('Node', 'a');
    await bed.clock.advance(600_000);
    const old = await bed.pass('Node', 'a');
    await bed.clock.advance(3_600_000);
    const hopeless = await bed.pass('Node', 'a');

    assert.deepEqual(
      [young, old, hopeless].map(({ requeueAfterMs = 0 }) => Math.round(requeueAfterMs / 1000)),
      [1, 12, 30],
    );
    boot(bed, 'a');
    assert.deepEqual(await bed.pass('Node', 'a'), { resyncAfterMs: 60_000 });
  });
});
