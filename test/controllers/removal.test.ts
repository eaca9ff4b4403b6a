import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReasonedError } from '../../src/api/errors.ts';
import type { Marked } from '../../src/api/ownership/orphan.ts';
import { parseNetwork } from '../../src/api/libvirt/network.ts';
import { createLibvirtCache } from '../../src/drivers/libvirt/cache.ts';
import { surveyMarked } from '../../src/controllers/survey.ts';
import { callsFor, createBed, createLab, type Bed } from './bed.ts';
import { fakeDisks } from './disk-fakes.ts';
import { fakeLibvirt, rawLibvirt } from './fakes.ts';

/** As a guest that was asked to. */
function shutOff({ world }: Bed, name: string): void {
  const { xml } = world.domains.get(name) ?? assert.fail();
  world.domains.set(name, { xml, state: 'shutoff', autostart: true });
}

async function remove(bed: Bed, name: string): Promise<void> {
  bed.store.terminate('Node', name);
  await bed.converge();
  shutOff(bed, name);
  await bed.clock.advance(300);
  await bed.converge();
}

/** The world under a daemon that starts anew and finds no manifest of Node "a". */
async function restartWithout({ world }: Bed): Promise<{
  bed: Bed;
  marked: readonly Marked[];
  orphan: Extract<Marked, { kind: 'Node' }>;
}> {
  const bed = createBed({ world });
  bed.apply('Network', 'k8s-net');
  bed.apply('Image', 'debian');
  bed.apply('Node', 'b');
  const marked = await surveyMarked(
    createLibvirtCache({ libvirt: fakeLibvirt(world), clock: bed.clock }).view,
    fakeDisks(world),
  );
  const orphan = marked.find(({ name }) => name === 'a');
  assert.ok(orphan?.kind === 'Node');
  return { bed, marked, orphan };
}

describe('a Node without a manifest', () => {
  it('E48: is asked to shut down, then undefined, and leaves the store', async () => {
    const bed = await createLab('a', 'b');

    bed.store.terminate('Node', 'a');
    await bed.converge();
    assert.deepEqual(callsFor(bed, 'a'), ['shutdownDomain']);
    assert.equal(bed.ready('Node', 'a'), 'False ShuttingDown');

    shutOff(bed, 'a');
    await bed.clock.advance(300);
    await bed.converge();

    assert.deepEqual(callsFor(bed, 'a'), ['shutdownDomain', 'removeSeed', 'undefineDomain']);
    assert.equal(bed.store.get('Node', 'a'), undefined);
    assert.equal(bed.world.disks.get('a')?.exists, true);
    assert.equal(bed.ready('Node', 'b'), 'True Ready');
  });

  it('E48: that does not shut down is asked again, and has its plug pulled in the end', async () => {
    const bed = await createLab('a');
    bed.store.terminate('Node', 'a');
    await bed.converge();

    await bed.clock.advance(11_000);
    await bed.pass('Node', 'a');
    assert.deepEqual(callsFor(bed, 'a'), ['shutdownDomain', 'shutdownDomain']);

    await bed.clock.advance(110_000);
    await bed.converge();

    assert.deepEqual(callsFor(bed, 'a').slice(-3), ['destroyDomain', 'removeSeed', 'undefineDomain']);
    assert.equal(bed.store.get('Node', 'a'), undefined);
  });

  it('E79: keeps its names while its machine is there, and loses them with it', async () => {
    const bed = await createLab('a', 'b');
    bed.store.terminate('Node', 'a');
    await bed.converge();
    assert.match(bed.world.files.get('/etc/hosts') ?? '', /a\.k8s-thw\.local/);

    shutOff(bed, 'a');
    await bed.clock.advance(300);
    await bed.converge();

    for (const [path, text] of bed.world.files) {
      if (!path.startsWith('/seeds/')) assert.doesNotMatch(text, /\ba\.k8s-thw\.local/, path);
    }
    const { config = '' } = bed.world.networks.get('k8s-net') ?? {};
    assert.doesNotMatch(config, /[>']a\.k8s-thw\.local/);
    assert.doesNotMatch(JSON.stringify(bed.world.hostFiles.get('k8s-net')), /"a\.k8s-thw\.local/);
  });

  it('E49: loses disk and host key under reclaim Delete, and nothing when its domain is not ours', async () => {
    const bed = await createLab('a');
    bed.apply('Node', 'a', { policy: { reclaim: 'Delete' } });
    await bed.converge();

    await remove(bed, 'a');

    assert.equal(bed.world.disks.has('a'), false);
    assert.equal(bed.world.hostKeys.has('a'), false);
    assert.deepEqual(callsFor(bed, 'a').slice(-4), [
      'removeHostKey',
      'removeDisk',
      'removeSeed',
      'undefineDomain',
    ]);
  });

  it('E49: waits with a disk whose users cannot be found out, says what is to be mended, and goes on then', async () => {
    const bed = await createLab('a', 'b');
    bed.apply('Node', 'a', { policy: { reclaim: 'Delete' } });
    await bed.converge();
    bed.world.chains.set('/disks/b.qcow2', new ReasonedError('DiskDamaged', 'cannot read disk'));

    await remove(bed, 'a');

    assert.equal(bed.world.disks.has('a'), true);
    const { reason, message } = bed.condition(['Node', 'a'], 'Ready') ?? {};
    assert.equal(reason, 'FileUsersUnknown');
    assert.match(
      message ?? '',
      /anything stands on \/disks\/a\.qcow2 is not known: \/disks\/b\.qcow2 cannot be read: cannot read disk/,
    );

    bed.world.chains.delete('/disks/b.qcow2');
    await bed.converge();
    assert.equal(bed.world.disks.has('a'), false);
    assert.equal(bed.store.get('Node', 'a'), undefined);
  });

  it('E88: whose manifest comes back meanwhile is started again', async () => {
    const bed = await createLab('a');
    bed.store.terminate('Node', 'a');
    await bed.converge();
    shutOff(bed, 'a');

    bed.apply('Node', 'a');
    await bed.clock.advance(300);
    await bed.converge();

    assert.deepEqual(callsFor(bed, 'a'), ['shutdownDomain', 'startDomain']);
    assert.equal(bed.object('Node', 'a').metadata.deletionTimestamp, undefined);
  });

  it('whose manifest comes back while it is looked at is left as it is', async () => {
    const bed = await createLab('a');
    bed.store.terminate('Node', 'a');
    shutOff(bed, 'a');
    await bed.clock.advance(300);
    bed.world.saved.has = () => {
      bed.apply('Node', 'a');
      return false;
    };

    await bed.pass('Node', 'a');

    assert.deepEqual(callsFor(bed, 'a'), []);
  });

  it('that stands for an earlier run keeps the names that only its last manifest told', async () => {
    const before = await createLab('a', 'b');
    before.apply('Node', 'a', { dnsAliases: ['web'] });
    await before.converge();
    const { bed, orphan } = await restartWithout(before);
    bed.store.apply('Node', { ...orphan, origin: { orphan: true }, hash: '' });
    bed.store.terminate('Node', 'a');

    await bed.converge();

    const { entries = [] } = bed.object('Network', 'k8s-net').status;
    assert.deepEqual(entries.find(({ node }) => node === 'a')?.hostnames, [
      'a.k8s-thw.local',
      'web.k8s-thw.local',
    ]);
  });

  it('whose manifest comes back in the last moment is made anew from its kept disk', async () => {
    const bed = await createLab('a');
    bed.store.terminate('Node', 'a');
    shutOff(bed, 'a');
    await bed.clock.advance(300);
    const unsubscribe = onCall(bed, 'undefineDomain a', () => bed.apply('Node', 'a'));

    await bed.pass('Node', 'a');
    unsubscribe();
    await bed.converge();

    assert.deepEqual(callsFor(bed, 'a'), [
      'removeSeed',
      'undefineDomain',
      'writeSeed',
      'defineDomain',
      'setDomainAutostart',
      'startDomain',
    ]);
    assert.equal(bed.object('Node', 'a').metadata.deletionTimestamp, undefined);
  });

  it('E50, E60: is found again by a daemon that was restarted in the middle, and removed all the same', async () => {
    const before = await createLab('a', 'b');
    before.apply('Node', 'a', { policy: { reclaim: 'Delete' } });
    await before.converge();
    before.store.terminate('Node', 'a');
    await before.converge();

    const { bed, marked, orphan } = await restartWithout(before);
    assert.deepEqual(
      marked.map(({ kind, name }) => `${kind}/${name}`),
      ['Network/k8s-net', 'Node/a', 'Node/b'],
    );
    bed.store.apply('Node', { ...orphan, origin: { orphan: true }, hash: '' });
    await remove(bed, 'a');

    assert.equal(bed.store.get('Node', 'a'), undefined);
    assert.deepEqual([...bed.world.domains.keys()], ['b']);
    assert.equal(bed.world.disks.has('a'), false);
    assert.doesNotMatch(bed.world.files.get('/etc/hosts') ?? '', /\ba\.k8s-thw\.local/);
  });

  it('is looked at without a walk over all Nodes, so that a thousand go together in linear time', async () => {
    const bed = await createLab('a', 'b', 'c');
    bed.store.terminate('Node', 'a');
    const list = bed.store.list.bind(bed.store);
    let walks = 0;
    bed.store.list = (kind) => {
      if (kind === 'Node') walks += 1;
      return list(kind);
    };

    await bed.pass('Node', 'a');

    assert.deepEqual([bed.ready('Node', 'a'), walks], ['False ShuttingDown', 0]);
  });

  it('is no source for clones any more', async () => {
    const bed = await createLab('a');
    bed.store.terminate('Node', 'a');
    bed.apply('Node', 'copy', { disk: { cloneOf: 'a' } });

    await bed.converge();

    assert.equal(bed.ready('Node', 'copy'), 'False NodeNotFound');
  });
});

/** Runs `act` right after the world noted that call. */
function onCall({ world }: Bed, call: string, act: () => void): () => void {
  const push = world.calls.push.bind(world.calls);
  world.calls.push = (...calls) => {
    if (calls.includes(call)) act();
    return push(...calls);
  };
  return () => void (world.calls.push = push);
}

describe('a Network without a manifest', () => {
  it('E35: waits for its Nodes, keeps their entries right meanwhile, and goes with the last of them', async () => {
    const bed = await createLab('a', 'b');
    bed.store.terminate('Network', 'k8s-net');
    await remove(bed, 'a');
    assert.equal(bed.ready('Network', 'k8s-net'), 'False InUse');
    assert.deepEqual(
      bed.object('Network', 'k8s-net').status.entries?.map(({ node }) => node),
      ['b'],
    );

    await remove(bed, 'b');

    assert.equal(bed.store.get('Network', 'k8s-net'), undefined);
    assert.deepEqual(callsFor(bed, 'k8s-net').slice(-3), [
      'destroyNetwork',
      'removeHostFiles',
      'undefineNetwork',
    ]);
  });

  it('E35: is in use by a domain of others, defined or running, by its name or its bridge', async () => {
    for (const source of ["network='k8s-net'", "bridge='virbr1'"]) {
      const bed = await createLab();
      const type = source.startsWith('n') ? 'network' : 'bridge';
      const xml = `<domain type='qemu'><name>x</name><devices><interface type='${type}'><source ${source}/></interface></devices></domain>`;
      bed.world.domains.set('x', { xml, state: 'shutoff' });
      bed.store.terminate('Network', 'k8s-net');
      await bed.converge();

      assert.equal(bed.condition(['Network', 'k8s-net'], 'Ready')?.message, 'domain "x" uses it');
      assert.ok(bed.world.networks.has('k8s-net'));
    }
  });

  it('that was adopted is let go: its guests keep their reservations, and its next dnsmasq reads nothing of ours', async () => {
    const bed = await createLab('a');
    const { config = '', live } = bed.world.networks.get('k8s-net') ?? {};
    const before = parseNetwork(config).model;
    rawLibvirt(bed.world).netDefine(config.replace('kind="Network"', 'kind="Network" adopted="yes"'));
    bed.world.calls.length = 0;
    bed.store.terminate('Network', 'k8s-net');

    await bed.converge();

    assert.equal(bed.store.get('Network', 'k8s-net'), undefined);
    assert.deepEqual(callsFor(bed, 'k8s-net'), ['defineNetwork']);
    const after = bed.world.networks.get('k8s-net');
    const { model } = parseNetwork(after?.config ?? '');
    assert.deepEqual([before.options.length, model.options, model.mark], [2, [], undefined]);
    assert.deepEqual([model.hosts, model.dns], [before.hosts, before.dns]);
    assert.equal(after?.live, live, 'it runs on as it is');
    assert.ok(bed.world.hostFiles.has('k8s-net'), 'its dnsmasq reads them still');
  });
});

describe('an Image without a manifest', () => {
  it('waits for what stands on it, and goes when nothing does', async () => {
    const bed = await createLab('a');
    bed.apply('Node', 'a', { policy: { reclaim: 'Delete' } });
    await bed.converge();
    bed.world.chains.set('/disks/a.qcow2', ['/disks/a.qcow2', '/images/debian.qcow2']);
    bed.store.terminate('Image', 'debian');
    await bed.converge();
    assert.equal(bed.ready('Image', 'debian'), 'False InUse');

    await remove(bed, 'a');

    assert.equal(bed.store.get('Image', 'debian'), undefined);
    assert.equal(bed.world.stored.has('debian'), false);
  });

  it('leaves its file where a kept disk stands on it', async () => {
    const bed = await createLab('a');
    bed.world.chains.set('/disks/a.qcow2', ['/disks/a.qcow2', '/images/debian.qcow2']);
    bed.store.terminate('Image', 'debian');

    await remove(bed, 'a');

    assert.equal(bed.store.get('Image', 'debian'), undefined);
    assert.equal(bed.world.stored.has('debian'), true);
  });
});
