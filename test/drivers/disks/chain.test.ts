import assert from 'node:assert/strict';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { backing, image, newDisks, root, run } from './fixtures.ts';

describe('what a disk stands on', () => {
  it('is told by real paths, whatever names it is known by', async () => {
    const { disks } = await newDisks();
    await disks.createOverlay({ node: 'a', backing });
    const snapshot = join(root, 'a.snap');
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', disks.path('a'), snapshot]);
    const alias = join(root, 'alias.qcow2');
    await symlink(snapshot, alias);

    assert.deepEqual(await disks.chain(alias), [snapshot, disks.path('a'), image]);
  });

  it('is nothing for a raw disk, whatever it looks like, and for one that is not there', async () => {
    const { disks } = await newDisks();
    await disks.createOverlay({ node: 'a', backing });

    assert.deepEqual(await disks.chain(disks.path('a'), 'raw'), [disks.path('a')]);
    assert.deepEqual(await disks.chain(join(root, 'none.qcow2')), []);
  });

  it('is not told for what cannot be read', async () => {
    const { dir, disks } = await newDisks();
    await disks.createOverlay({ node: 'a', backing });
    await writeFile(join(dir, 'broken.qcow2'), 'QFI');

    await assert.rejects(disks.chain(join(dir, 'broken.qcow2'), 'qcow2'), { reason: 'DiskDamaged' });
    assert.deepEqual((await disks.list()).toSorted(), [disks.path('a'), join(dir, 'broken.qcow2')]);
  });
});
