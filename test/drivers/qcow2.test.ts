import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { exec } from '../../src/drivers/exec.ts';
import { qemuImageInfo, askQemuImg } from '../../src/drivers/qemu-img.ts';
import { readImageInfo } from '../../src/drivers/qcow2.ts';

let dir: string;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'k8slab-qcow2-'));
  create('base.qcow2', [], '64M');
});
after(() => rm(dir, { recursive: true, force: true }));

function create(name: string, options: readonly string[], ...size: string[]): string {
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', ...options, name, ...size], { cwd: dir });
  return join(dir, name);
}

const SAME: readonly (readonly [string, readonly string[], ...string[]])[] = [
  ['a plain disk', [], '1G'],
  ['an old one', ['-o', 'compat=0.10'], '1G'],
  ['small clusters', ['-o', 'cluster_size=4k'], '100M'],
  ['an overlay', ['-b', 'base.qcow2', '-F', 'qcow2']],
  ['a larger overlay', ['-b', 'base.qcow2', '-F', 'qcow2'], '128M'],
  ['an old overlay', ['-o', 'compat=0.10', '-b', 'base.qcow2', '-F', 'qcow2']],
  ['another compression', ['-o', 'compression_type=zstd'], '10M'],
];

const HOSTILE: readonly (readonly [string, (bytes: Buffer, name: number) => unknown])[] = [
  ['the name is beyond what is read', (bytes) => bytes.writeBigUInt64BE(5000n, 8)],
  ['the name is there in part', (bytes) => bytes.writeBigUInt64BE(4090n, 8)],
  ['the name is empty', (bytes) => bytes.writeUInt32BE(0, 16)],
  ['the name is longer than QEMU takes', (bytes) => bytes.writeUInt32BE(2000, 16)],
  ['the name has a zero byte', (bytes, name) => bytes.writeUInt8(0, name + 1)],
  ['the name is no UTF-8', (bytes, name) => bytes.writeUInt8(0xff, name)],
  ['the disk is larger than any', (bytes) => bytes.writeBigUInt64BE(2n ** 64n - 512n, 24)],
  ['the header is longer than any', (bytes) => bytes.writeUInt32BE(0xfffffff0, 100)],
];

describe('what a disk is', () => {
  for (const [index, [what, options, ...size]] of SAME.entries()) {
    it(`is read as qemu-img says it: ${what}`, async () => {
      const path = create(`same${index}.qcow2`, options, ...size);
      assert.deepEqual(await readImageInfo(path, 'qcow2'), await askQemuImg(exec, path, 'qcow2'));
    });
  }

  it('is read as qemu-img says it: an overlay by its full path', async () => {
    const path = create('full.qcow2', ['-b', join(dir, 'base.qcow2'), '-F', 'qcow2']);
    const asked = await askQemuImg(exec, path, 'qcow2');
    assert.equal(asked.backing, join(dir, 'base.qcow2'));
    assert.deepEqual(await readImageInfo(path, 'qcow2'), asked);
  });

  it('is read as qemu-img says it: a raw file that is no multiple of a sector', async () => {
    const path = join(dir, 'odd.raw');
    await writeFile(path, Buffer.alloc(1001));
    assert.deepEqual(await readImageInfo(path, 'raw'), await askQemuImg(exec, path, 'raw'));
  });

  for (const [what, change] of HOSTILE)
    it(`is asked of qemu-img where a header is out of the ordinary: ${what}`, async () => {
      const path = create('hostile.qcow2', ['-b', 'base.qcow2', '-F', 'qcow2']);
      const bytes = await readFile(path);
      change(bytes, Number(bytes.readBigUInt64BE(8)));
      await writeFile(path, bytes);

      assert.equal(await readImageInfo(path, 'qcow2'), undefined);
    });

  it('is asked of qemu-img where a file is more than this reads', async () => {
    const paths = [
      create('data.qcow2', ['-o', 'data_file=data.raw'], '1M'),
      create('json.qcow2', ['-u', '-b', 'json:{"driver":"qcow2"}', '-F', 'qcow2'], '1M'),
      join(dir, 'none.qcow2'),
    ];
    for (const path of paths) assert.equal(await readImageInfo(path, 'qcow2'), undefined, path);
    assert.equal((await qemuImageInfo(exec, paths[0] ?? '', 'qcow2')).dataFile, 'data.raw');
  });

  it('is asked of qemu-img where a file is not whole or not qcow2: it tells the damage', async () => {
    const cut = create('cut.qcow2', [], '1G');
    await truncate(cut, 70_000);
    const text = join(dir, 'text.qcow2');
    await writeFile(text, 'x'.repeat(5000));
    for (const path of [cut, text]) assert.equal(await readImageInfo(path, 'qcow2'), undefined, path);
    await assert.rejects(qemuImageInfo(exec, text, 'qcow2'), { reason: 'DiskDamaged' });
  });

  it('starts no program for a plain disk', async () => {
    const path = create('plain.qcow2', [], '1M');
    const refuse = () => Promise.reject(new Error('a program was started'));
    assert.equal((await qemuImageInfo(refuse, path, 'qcow2')).virtualSize, 2 ** 20);
  });
});
