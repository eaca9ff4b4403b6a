import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { exec } from '../../../src/drivers/exec.ts';
import { backing, GIB, image, imageInfo, MIB, newDisks, root, run } from './fixtures.ts';

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
        await writeFile(await disks.freshTempPath('a'), 'half');
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
    const tempPath = await disks.freshTempPath('b');
    await run('qemu-img', ['convert', '-O', 'qcow2', disks.path('a'), tempPath]);

    assert.equal((await disks.observe('b')).exists, false);
    const made = await disks.adoptCopy({ node: 'b', tempPath, source: disks.path('a'), size: GIB });

    assert.equal(made.virtualSize, GIB);
    assert.equal((await disks.observe('b')).ours, true);
    assert.deepEqual((await readdir(dir)).sort(), ['a.json', 'a.qcow2', 'b.json', 'b.qcow2']);
    await assert.rejects(
      disks.adoptCopy({ node: 'c', tempPath: await disks.freshTempPath('c'), source: image }),
      {
        reason: 'DiskMissing',
      },
    );
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
