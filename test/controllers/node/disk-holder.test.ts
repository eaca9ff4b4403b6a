import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { callsFor, createLab, type Bed } from '../bed.ts';

async function labWith(path: string): Promise<Bed> {
  const bed = await createLab('a');
  bed.world.files.set(path, 'qcow2');
  bed.apply('Node', 'x', { disk: { path, format: 'qcow2' } });
  return bed;
}

async function assertRefused(bed: Bed, name: string, holder: string): Promise<void> {
  await bed.converge();

  assert.equal(bed.ready('Node', name), 'False Conflict');
  const { message = '' } = bed.condition(['Node', name], 'Ready') ?? {};
  assert.match(message, new RegExp(`that of Node "${holder}".*disk.cloneOf: ${holder}`));
  assert.deepEqual(callsFor(bed, name), []);
}

describe('a Node whose disk is another one’s', () => {
  it('R27: is not made on the file that k8slab made for the other, however the path is written', async () => {
    const bed = await labWith('/disks/../disks/a.qcow2');
    await assertRefused(bed, 'x', 'a');
    assert.equal(bed.ready('Node', 'a'), 'True Ready');
  });

  it('R27: is not made on a link to it, nor on an overlay of it', async () => {
    const link = await labWith('/srv/link.qcow2');
    link.world.chains.set('/srv/link.qcow2', ['/disks/a.qcow2', '/srv/images/debian.qcow2']);
    await assertRefused(link, 'x', 'a');

    const overlay = await labWith('/srv/overlay.qcow2');
    overlay.world.chains.set('/srv/overlay.qcow2', ['/srv/overlay.qcow2', '/real/a.qcow2']);
    overlay.world.chains.set('/disks/a.qcow2', ['/real/a.qcow2']);
    await assertRefused(overlay, 'x', 'a');
  });

  it('R27: is not made by its own name where a guest by another one has the disk already', async () => {
    const bed = await labWith('/disks/b.qcow2');
    bed.world.disks.set('b', { exists: true, ours: true, whole: true });
    await bed.converge();
    assert.ok(callsFor(bed, 'x').includes('defineDomain'));

    bed.apply('Node', 'b');
    await assertRefused(bed, 'b', 'x');
  });

  it('R27: is not made on a file of the store of images, on which guests stand, however it is reached', async () => {
    const direct = await labWith('/images/../images/debian-0123456789ab.qcow2');
    const link = await labWith('/srv/link.qcow2');
    link.world.chains.set('/srv/link.qcow2', ['/images/debian-0123456789ab.qcow2']);

    for (const bed of [direct, link]) {
      await bed.converge();
      assert.equal(bed.ready('Node', 'x'), 'False Conflict');
      assert.match(bed.condition(['Node', 'x'], 'Ready')?.message ?? '', /store of images.*disk\.image/);
      assert.deepEqual(callsFor(bed, 'x'), []);
    }
  });

  it('R27: may have an overlay of such a file, which it only reads', async () => {
    const bed = await labWith('/srv/overlay.qcow2');
    bed.world.chains.set('/srv/overlay.qcow2', ['/srv/overlay.qcow2', '/images/debian-0123456789ab.qcow2']);
    await bed.converge();
    assert.ok(callsFor(bed, 'x').includes('startDomain'));
  });

  it('R27: may have the disk of a Node that is gone', async () => {
    const bed = await labWith('/disks/gone.qcow2');
    bed.world.disks.set('gone', { exists: true, ours: true, whole: true });
    await bed.converge();
    assert.ok(callsFor(bed, 'x').includes('startDomain'));
  });
});
