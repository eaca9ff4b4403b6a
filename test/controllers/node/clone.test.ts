import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DomainJob } from '../../../src/drivers/libvirt.ts';
import { createLibvirtCache } from '../../../src/drivers/libvirt/cache.ts';
import { surveyMarked } from '../../../src/controllers/survey.ts';
import { callsFor, createBed, createLab, type Bed } from '../bed.ts';
import { fakeDisks } from '../disk-fakes.ts';
import { createWorld, fakeLibvirt } from '../fakes.ts';

/** A Node that is to be a copy of a running one, whose backup goes as the jobs say, the last one for good. */
async function cloning(...jobs: readonly DomainJob[]): Promise<Bed> {
  const bed = await createLab('a');
  bed.world.jobs.set('a', [...jobs]);
  bed.apply('Node', 'b', { disk: { cloneOf: 'a' } });
  for (let rounds = 0; rounds < 4; rounds += 1) {
    for (const [kind, name] of [
      ['Network', 'k8s-net'],
      ['Node', 'b'],
    ] as const)
      await bed.pass(kind, name).catch(() => undefined);
    await bed.clock.advance(500);
  }
  return bed;
}

function made({ world }: Bed): string[] {
  return world.calls.filter((call) => /^(beginBackup|adoptCopy|abortDomainJob|defineDomain)/.test(call));
}

const NONE: DomainJob = { state: 'none' };
const RUNNING: DomainJob = { state: 'running', operation: 'backup', progress: 0.5 };

describe('a copy of the disk of a running guest', () => {
  it('is taken when its backup has completed', async () => {
    const bed = await cloning(NONE, RUNNING, { state: 'completed' });

    assert.deepEqual(made(bed).slice(0, 2), ['beginBackup a', 'adoptCopy b']);
    assert.ok(
      callsFor(bed, 'b').includes('discardTemp'),
      'R20: also where the disk came from elsewhere meanwhile',
    );
  });

  for (const state of ['failed', 'cancelled'] as const) {
    it(`is not taken from a backup that ${state}, and says so`, async () => {
      const bed = await cloning(NONE, RUNNING, { state });

      assert.deepEqual(made(bed), ['beginBackup a']);
      assert.equal(bed.ready('Node', 'b'), 'False CloneFailed');
    });
  }

  it('tells how far it is', async () => {
    const bed = await cloning(NONE, RUNNING);

    assert.equal(bed.ready('Node', 'b'), 'False CopyingDisk');
    assert.match(bed.condition(['Node', 'b'], 'Ready')?.message ?? '', /^50 %/);
  });

  it('is given up with its Node, and so is the backup', async () => {
    const bed = await cloning(NONE, RUNNING);
    bed.store.terminate('Node', 'b');

    const removal = bed.pass('Node', 'b');
    await bed.clock.advance(500);
    await removal;

    assert.ok(made(bed).includes('abortDomainJob a'), made(bed).join());
    assert.ok(!made(bed).includes('adoptCopy b'));
  });

  it('keeps its source from being removed, also when the manifest says another source meanwhile', async () => {
    for (const cloneOf of ['a', 'c']) {
      const bed = await cloning(NONE, RUNNING);
      bed.apply('Node', 'b', { disk: { cloneOf } });
      bed.store.terminate('Node', 'a');

      await bed.pass('Node', 'a');

      assert.deepEqual(
        [bed.ready('Node', 'a'), callsFor(bed, 'a')],
        ['False CloneInProgress', ['beginBackup']],
      );
    }
  });

  it('waits while another job of its source runs, which is let to its end', async () => {
    const bed = await cloning(RUNNING);

    assert.deepEqual(made(bed), []);
    assert.equal(bed.ready('Node', 'b'), 'False JobActive');
  });
});

describe('what a daemon that ended in the middle of a copy left', () => {
  /** The bed of a daemon that starts anew in the world of the last one. */
  function restarted({ world }: Bed): Bed {
    const bed = createBed({ world });
    bed.apply('Network', 'k8s-net');
    bed.apply('Image', 'debian');
    bed.apply('Node', 'a');
    return bed;
  }

  it('R20: goes with the first look at a Node that has its disk, and is never looked for again', async () => {
    const before = await createLab('a');
    before.world.leftovers.add('a');
    const bed = restarted(before);

    await bed.converge();
    const asked = bed.world.counts.get('hasTemp');
    for (let pass = 0; pass < 3; pass += 1) await bed.pass('Node', 'a');

    assert.deepEqual(callsFor(bed, 'a'), ['discardTemp']);
    assert.deepEqual([...bed.world.leftovers], []);
    assert.equal(bed.world.counts.get('hasTemp'), asked);
    assert.equal(bed.ready('Node', 'a'), 'True Ready');
  });

  it('R20: goes with its Node', async () => {
    const bed = await createLab('a');
    bed.apply('Node', 'b', { disk: { cloneOf: 'c' } });
    await bed.converge();
    bed.world.leftovers.add('b');
    bed.store.terminate('Node', 'b');

    await bed.converge();

    assert.deepEqual(callsFor(bed, 'b'), ['discardTemp']);
    assert.equal(bed.store.get('Node', 'b'), undefined);
  });

  it('R20: is found though the manifest is gone and there is no domain, and takes nothing else along', async () => {
    const bed = createBed({ world: createWorld() });
    const { world } = bed;
    world.leftovers.add('b');
    world.disks.set('b', { exists: true, ours: true, whole: true });
    const { view } = createLibvirtCache({ libvirt: fakeLibvirt(world), clock: bed.clock });

    const [found, ...others] = await surveyMarked(view, fakeDisks(world));
    assert.deepEqual([found?.kind, found?.name, others], ['Node', 'b', []]);
    if (found?.kind === 'Node') bed.store.apply('Node', { ...found, origin: { orphan: true }, hash: '' });
    bed.store.terminate('Node', 'b');
    await bed.converge();

    assert.deepEqual(callsFor(bed, 'b'), ['discardTemp']);
    assert.equal(bed.store.get('Node', 'b'), undefined);
  });

  it('R20: is left alone while the copy is made', async () => {
    const bed = await cloning(NONE, RUNNING);
    bed.world.leftovers.add('b');

    await bed.pass('Node', 'b');

    assert.deepEqual(callsFor(bed, 'b'), []);
  });
});
