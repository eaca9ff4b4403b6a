import assert from 'node:assert/strict';
import { link, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { exec } from '../../src/drivers/exec.ts';
import { backing, GIB, image, imageInfo, MIB, newDisks, root, run } from './disks/fixtures.ts';

describe('createOverlay', () => {
  it('E52: names the backing file and its format, and grows to the size asked for', async () => {
    const { dir, disks } = await newDisks();

    const made = await disks.createOverlay({ node: 'master00', backing, size: 10 * GIB });

    assert.equal(disks.path('master00'), join(dir, 'master00.qcow2'));
    const info = await imageInfo(disks.path('master00'));
    assert.equal(info['backing-filename'], image);
    assert.equal(info['backing-filename-format'], 'qcow2');
    assert.equal(info['virtual-size'], 10 * GIB);
    assert.deepEqual([made.format, made.virtualSize, made.backing], ['qcow2', 10 * GIB, image]);
    assert.equal((await stat(disks.path('master00'))).mode & 0o777, 0o600);
    assert.deepEqual((await readdir(dir)).sort(), ['master00.json', 'master00.qcow2']);
    assert.deepEqual(await disks.observe('master00'), {
      path: disks.path('master00'),
      exists: true,
      ours: true,
      whole: true,
      info: made,
    });
  });

  it('E52: has the size of its image when none is asked for, and is never smaller', async () => {
    const { dir, disks } = await newDisks();

    await assert.rejects(disks.createOverlay({ node: 'a', backing, size: 63 * MIB }), {
      reason: 'DiskTooSmall',
      message: `cannot make disk of ${63 * MIB} bytes: "${image}" has ${64 * MIB}`,
    });
    assert.deepEqual(await readdir(dir), []);
    assert.equal((await disks.createOverlay({ node: 'a', backing })).virtualSize, 64 * MIB);
  });

  it('never makes the guest’s raw image a qcow2', async () => {
    const { disks } = await newDisks();
    const raw = join(root, 'raw.img');
    await writeFile(raw, await readFile(image));

    await disks.createOverlay({ node: 'a', backing: { path: raw, format: 'raw' } });

    assert.equal((await imageInfo(disks.path('a')))['backing-filename-format'], 'raw');
  });

  it('leaves a disk that is there as it is', async () => {
    const { disks } = await newDisks();
    await disks.createOverlay({ node: 'a', backing });
    const { ino, mtimeMs } = await stat(disks.path('a'));

    const again = await disks.createOverlay({ node: 'a', backing, size: GIB });

    assert.equal(again.virtualSize, 64 * MIB);
    const now = await stat(disks.path('a'));
    assert.deepEqual([now.ino, now.mtimeMs], [ino, mtimeMs]);
  });

  it('E51: never touches a file that k8slab did not make', async () => {
    const { dir, disks } = await newDisks();
    await disks.createOverlay({ node: 'other', backing });
    await writeFile(disks.path('a'), 'precious');
    await writeFile(disks.path('b'), 'precious');
    await writeFile(join(dir, 'b.json'), await readFile(join(dir, 'other.json')));

    for (const node of ['a', 'b']) {
      await assert.rejects(disks.createOverlay({ node, backing }), { reason: 'DiskNotOurs' });
      await assert.rejects(disks.createCopy({ node, source: backing }), { reason: 'DiskNotOurs' });
      await assert.rejects(disks.remove(node), { reason: 'DiskNotOurs' });
      assert.equal(await readFile(disks.path(node), 'utf8'), 'precious');
      assert.equal((await disks.observe(node)).ours, false);
    }
  });

  it('gives way to a file that appears at the last moment', async () => {
    const { dir, disks } = await newDisks({
      exec: async (argv, options) => {
        const result = await exec(argv, options);
        if (argv[1] === 'create') await writeFile(join(dir, 'a.qcow2'), 'precious');
        return result;
      },
    });

    await assert.rejects(disks.createOverlay({ node: 'a', backing }), { reason: 'DiskNotOurs' });

    assert.equal(await readFile(join(dir, 'a.qcow2'), 'utf8'), 'precious');
    assert.equal((await disks.observe('a')).ours, false);
    assert.deepEqual(await disks.leftovers(), []);
  });

  it('E50: replaces what a killed run left', async () => {
    const { dir, disks } = await newDisks();
    await disks.createOverlay({ node: 'other', backing });
    await writeFile(await disks.freshTempPath('a'), 'half');
    await writeFile(join(dir, 'a.json'), JSON.stringify({ node: 'a', madeBy: 'k8slab', source: image }));

    await disks.createOverlay({ node: 'a', backing });

    assert.equal((await disks.observe('a')).whole, true);
    assert.ok(!(await readdir(dir)).some((name) => name.startsWith('.')));
  });

  it('says that the image is missing, and that a disk of ours is damaged', async () => {
    const { disks } = await newDisks();
    const none = { path: join(root, 'none'), format: 'qcow2' } as const;
    await disks.createOverlay({ node: 'a', backing });
    await writeFile(disks.path('a'), 'no longer a disk');

    await assert.rejects(disks.createOverlay({ node: 'b', backing: none }), { reason: 'ImageMissing' });
    assert.deepEqual(await disks.observe('a'), {
      path: disks.path('a'),
      exists: true,
      ours: true,
      whole: false,
    });
    await assert.rejects(disks.createOverlay({ node: 'a', backing }), { reason: 'DiskDamaged' });
    assert.equal(await readFile(disks.path('a'), 'utf8'), 'no longer a disk');
  });
});

describe('remove', () => {
  it('takes the disk, its marker and leftovers, and nothing of the backing file', async () => {
    const { dir, disks } = await newDisks();
    await disks.createOverlay({ node: 'a', backing });
    await writeFile(await disks.freshTempPath('a'), 'half');
    await writeFile(join(dir, '.a.json.k8slab-tmp-0123456789ab'), '{"node"');
    const kept = join(root, 'kept.qcow2');
    await link(image, kept);

    assert.equal(await disks.remove('a'), true);
    assert.equal(await disks.remove('a'), false);

    assert.deepEqual(await readdir(dir), []);
    assert.equal((await stat(image)).size, (await stat(kept)).size);
  });
});

describe('the marker of a disk', () => {
  it('R21: says what it was made from and, once that is known, what its first boot was told', async () => {
    const { disks } = await newDisks();
    const origin = { image: 'debian', sha256: 'aa' };
    await disks.createOverlay({ node: 'a', backing, origin });

    await disks.noteFirstBoot('a', 'first');
    await disks.noteFirstBoot('a', 'second');

    const { origin: found, firstBoot } = await disks.observe('a');
    assert.deepEqual([found, firstBoot], [origin, 'first']);
    await assert.rejects(disks.noteFirstBoot('b', 'x'), { reason: 'DiskNotOurs' });
  });

  it('of a disk that an earlier version made says that it is ours, and no more', async () => {
    const { dir, disks } = await newDisks();
    await disks.createOverlay({ node: 'a', backing });
    await writeFile(join(dir, 'a.json'), JSON.stringify({ node: 'a', madeBy: 'k8slab', source: image }));

    const { ours, origin, firstBoot } = await disks.observe('a');

    assert.deepEqual([ours, origin, firstBoot], [true, undefined, undefined]);
  });
});

describe('a disk that k8slab did not make', () => {
  it('R2: is not looked into where k8slab keeps its own', async () => {
    const { dir, disks } = await newDisks({
      exec: (argv) => Promise.reject(new Error(`ran ${argv.join(' ')}`)),
    });
    await mkdir(dir, { recursive: true });
    await writeFile(disks.path('a'), 'precious');

    const { ours, whole, info } = await disks.observe('a');

    assert.deepEqual([ours, whole, info], [false, true, undefined]);
  });

  it('R2: is never taken for one that stands on another file because it looks so', async () => {
    const { disks } = await newDisks();
    const [secret, evil] = [join(root, 'secret'), join(root, 'evil.img')];
    await writeFile(secret, 'x'.repeat(512));
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', secret, evil, '1M']);

    await assert.rejects(disks.info(evil), { reason: 'DiskFormatUnknown', hint: /spec\.disk\.format/ });

    assert.equal((await disks.info(evil, 'raw')).format, 'raw');
    assert.equal((await disks.info(evil, 'qcow2')).backing, secret);
    assert.equal((await disks.info(image)).format, 'qcow2');
    assert.equal((await disks.info(secret)).format, 'raw');
  });

  it('C6: whose directory is not there is told apart from one whose file is not', async () => {
    const { disks } = await newDisks();

    await assert.rejects(disks.info(join(root, 'none.img')), { reason: 'DiskMissing' });
    await assert.rejects(disks.info(join(root, 'mnt/none.img')), {
      reason: 'StorageMissing',
      hint: /mounted/,
    });
  });
});

describe('discardTemp', () => {
  it('takes what a copy left, and is content where there is nothing', async () => {
    const { dir, disks } = await newDisks();
    await writeFile(await disks.freshTempPath('a-1'), 'half');
    await writeFile(join(dir, 'a.qcow2'), 'whole');

    assert.deepEqual([await disks.hasTemp('a-1'), await disks.hasTemp('a')], [true, false]);
    assert.deepEqual(await disks.leftovers(), ['a-1']);
    await disks.discardTemp('a-1');
    await disks.discardTemp('a-1');

    assert.deepEqual(await readdir(dir), ['a.qcow2']);
  });

  it('takes the marker of a disk that was never finished too, and no other', async () => {
    const { dir, disks } = await newDisks();
    for (const node of ['a', 'b', 'c']) await disks.createOverlay({ node, backing });
    for (const node of ['a', 'b']) await writeFile(await disks.freshTempPath(node), 'half');
    for (const node of ['a', 'c']) await rm(disks.path(node));

    for (const node of ['a', 'b', 'c']) await disks.discardTemp(node);

    assert.deepEqual((await readdir(dir)).sort(), ['b.json', 'b.qcow2', 'c.json']);
  });
});
