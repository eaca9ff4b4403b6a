import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DomainJob } from '../../../src/drivers/libvirt.ts';
import { createLab, type Bed } from '../bed.ts';

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

  it('waits while another job of its source runs, which is let to its end', async () => {
    const bed = await cloning(RUNNING);

    assert.deepEqual(made(bed), []);
    assert.equal(bed.ready('Node', 'b'), 'False JobActive');
  });
});
