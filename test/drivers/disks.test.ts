import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { link, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { createDisks } from '../../src/drivers/disks.ts';
import type { Disks, DisksOptions } from '../../src/drivers/disks.ts';
import { exec } from '../../src/drivers/exec.ts';

const run = promisify(execFile);
const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

let root: string;
let image: string;
let backing: { path: string; format: 'qcow2' };

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'k8slab-disks-'));
  image = join(root, 'image.qcow2');
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', image, '64M']);
  await run('qemu-io', ['-f', 'qcow2', '-c', 'write -P 0x5a 1M 2M', image]);
  backing = { path: image, format: 'qcow2' };
});

after(() => rm(root, { recursive: true, force: true }));

async function newDisks(options: Partial<DisksOptions> = {}): Promise<{ dir: string; disks: Disks }> {
  const dir = join(await mkdtemp(join(root, 'lab-')), 'disks');
  return { dir, disks: createDisks({ dir, ...options }) };
}

async function imageInfo(path: string): Promise<Record<string, unknown>> {
  const { stdout } = await run('qemu-img', ['info', '--output=json', path]);
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe('createOverlay', () => {
  it('names the backing file and its format, and grows to the size asked for', async () => {
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

  it('has the size of its image when none is asked for, and is never smaller', async () => {
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

  it('never touches a file that k8slab did not make', async () => {
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
  });

  it('replaces what a killed run left', async () => {
    const { dir, disks } = await newDisks();
    await disks.createOverlay({ node: 'other', backing });
    await writeFile(disks.tempPath('a'), 'half');
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

describe('createCopy', () => {
  it('stands alone, has the content of its source and the size asked for', async () => {
    const { dir, disks } = await newDisks();
    await disks.createOverlay({ node: 'a', backing });

    await disks.createCopy({ node: 'b', source: { path: disks.path('a'), format: 'qcow2' }, size: GIB });

    const info = await imageInfo(disks.path('b'));
    assert.equal(info['backing-filename'], undefined);
    assert.equal(info['virtual-size'], GIB);
    await run('qemu-io', ['-r', '-f', 'qcow2', '-c', 'read -P 0x5a 1M 2M', disks.path('b')]);
    assert.deepEqual((await readdir(dir)).sort(), ['a.json', 'a.qcow2', 'b.json', 'b.qcow2']);
    await assert.rejects(disks.createCopy({ node: 'c', source: backing, size: MIB }), {
      reason: 'DiskTooSmall',
    });
    await assert.rejects(disks.createCopy({ node: 'c', source: { ...backing, path: join(root, 'none') } }), {
      reason: 'DiskMissing',
    });
  });

  it('does not read a disk that a guest writes', async (t) => {
    const { disks } = await newDisks();
    const source = join(root, 'busy.qcow2');
    await writeFile(source, await readFile(image));
    const guest = spawn('qemu-io', ['-f', 'qcow2', source], { stdio: ['pipe', 'pipe', 'ignore'] });
    t.after(() => guest.kill());
    guest.stdin.write('write 0 4k\n');
    await once(guest.stdout, 'data');

    await assert.rejects(disks.createCopy({ node: 'a', source: { path: source, format: 'qcow2' } }), {
      reason: 'DiskInUse',
    });
    assert.equal((await disks.info(source)).virtualSize, 64 * MIB);
  });

  it('leaves nothing behind when it is given up', async () => {
    const ended = new AbortController();
    const { dir, disks } = await newDisks({
      exec: async (argv, options) => {
        if (argv[1] !== 'convert') return exec(argv, options);
        await writeFile(disks.tempPath('a'), 'half');
        ended.abort();
        return exec(['sleep', '60'], options);
      },
    });

    await assert.rejects(disks.createCopy({ node: 'a', source: backing, signal: ended.signal }), {
      reason: 'Aborted',
    });
    assert.deepEqual(await readdir(dir), []);
  });
});

describe('adoptCopy', () => {
  it('gives a finished copy its name and size, and nothing else does', async () => {
    const { dir, disks } = await newDisks();
    await disks.createOverlay({ node: 'a', backing });
    const tempPath = disks.tempPath('b');
    await run('qemu-img', ['convert', '-O', 'qcow2', disks.path('a'), tempPath]);

    assert.equal((await disks.observe('b')).exists, false);
    const made = await disks.adoptCopy({ node: 'b', tempPath, source: disks.path('a'), size: GIB });

    assert.equal(made.virtualSize, GIB);
    assert.equal((await disks.observe('b')).ours, true);
    assert.deepEqual((await readdir(dir)).sort(), ['a.json', 'a.qcow2', 'b.json', 'b.qcow2']);
    await assert.rejects(disks.adoptCopy({ node: 'c', tempPath: disks.tempPath('c'), source: image }), {
      reason: 'DiskMissing',
    });
  });
});

describe('remove', () => {
  it('takes the disk, its marker and leftovers, and nothing of the backing file', async () => {
    const { dir, disks } = await newDisks();
    await disks.createOverlay({ node: 'a', backing });
    await writeFile(disks.tempPath('a'), 'half');
    const kept = join(root, 'kept.qcow2');
    await link(image, kept);

    assert.equal(await disks.remove('a'), true);
    assert.equal(await disks.remove('a'), false);

    assert.deepEqual(await readdir(dir), []);
    assert.equal((await stat(image)).size, (await stat(kept)).size);
  });
});

describe('a full disk', () => {
  it('is said to be so, with the space that is left', async () => {
    const { disks } = await newDisks({
      exec: (argv, options) =>
        argv[1] === 'convert'
          ? exec(
              ['sh', '-c', 'echo "qemu-img: error while writing: No space left on device" >&2; exit 1'],
              options,
            )
          : exec(argv, options),
    });

    await assert.rejects(disks.createCopy({ node: 'a', source: backing }), {
      reason: 'NoSpace',
      hint: / free; /,
    });
  });
});
