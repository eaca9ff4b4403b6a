import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { exec } from '../../../src/drivers/exec.ts';
import { MIB, newStore, qcow2, root, run, sha256, sourceFile, xz } from './fixtures.ts';

const content = randomBytes(2 * MIB);

describe('the content of an image', () => {
  it('E54: is unpacked, whatever its name says, and its checksum is that of the packed file', async () => {
    const skippable = Buffer.from('\x50\x2a\x4d\x18\x04\0\0\0abcd', 'latin1');
    const frames = [
      skippable,
      zstdCompressSync(content.subarray(0, MIB)),
      zstdCompressSync(content.subarray(MIB)),
    ];
    const packed = {
      gzip: gzipSync(content),
      members: Buffer.concat([gzipSync(content.subarray(0, MIB)), gzipSync(content.subarray(MIB))]),
      zstd: zstdCompressSync(content),
      frames: Buffer.concat(frames),
      xz: await xz(content),
    };
    const { dir, store } = await newStore();

    for (const [name, data] of Object.entries(packed)) {
      const source = await sourceFile('image.qcow2', data);
      const image = await store.fetch({ name, source, checksum: `sha256:${sha256(data)}` });
      assert.equal(image.sha256, sha256(content), name);
      assert.deepEqual(await readFile(image.path), content, name);
      assert.equal((await stat(image.path)).mode & 0o777, 0o644, name);
      await assert.rejects(store.fetch({ name, source, checksum: `sha256:${sha256(content)}` }), {
        reason: 'ChecksumMismatch',
      });
    }
    assert.deepEqual(
      (await readdir(dir)).filter((name) => name.startsWith('.')),
      [],
    );
  });

  it('is unpacked whole, however many zstd frames of whatever size it has', async () => {
    const { store } = await newStore();

    for (const length of [1, 100, 5000, 131_072, 1_048_563, 1_500_000]) {
      const parts = [length, length, length, 512 - ((3 * length) % 512)].map((each) => randomBytes(each));
      const source = await sourceFile('a', Buffer.concat(parts.map((part) => zstdCompressSync(part))));
      const image = await store.fetch({ name: 'a', source });
      assert.equal(image.sha256, sha256(Buffer.concat(parts)), `${length} bytes`);
    }
  });

  it('leaves nothing behind when it is damaged', async () => {
    const checksummed = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
    const packed = {
      gzip: gzipSync(content),
      zstd: zstdCompressSync(content, checksummed),
      xz: await xz(content),
    };
    const { dir, store } = await newStore();

    for (const [name, data] of Object.entries(packed)) {
      const half = await sourceFile(name, data.subarray(0, MIB));
      const flipped = await sourceFile(
        name,
        Buffer.concat([data.subarray(0, MIB), Buffer.alloc(9), data.subarray(MIB + 9)]),
      );
      await assert.rejects(store.fetch({ name, source: half }), { reason: 'CorruptImage' }, name);
      await assert.rejects(store.fetch({ name, source: flipped }), { reason: 'CorruptImage' }, name);
    }
    assert.deepEqual(await readdir(dir), []);
  });

  it('that unpacks to more than the limit stops there', async () => {
    const zeros = Buffer.alloc(8 * MIB);
    const packed = {
      gzip: gzipSync(zeros),
      zstd: zstdCompressSync(zeros),
      frames: Buffer.concat([zstdCompressSync(zeros), zstdCompressSync(zeros)]),
      xz: await xz(zeros),
    };
    const { dir, store } = await newStore({ maxBytes: MIB });

    for (const [name, data] of Object.entries(packed)) {
      const source = await sourceFile(name, data);
      await assert.rejects(store.fetch({ name, source }), { reason: 'ImageTooLarge' }, name);
    }
    assert.deepEqual(await readdir(dir), []);
  });

  it('stops at the limit also where an xz file lies about its size', async () => {
    const source = await sourceFile('a', await xz(Buffer.alloc(8 * MIB)));
    const { store } = await newStore({
      maxBytes: MIB,
      exec: (argv, options) =>
        argv.includes('--list')
          ? Promise.resolve({ stdout: 'totals\t1\t1\t10\t10\t1.0\tCRC64\t0\t1\n', stderr: '', code: 0 })
          : exec(argv, options),
    });

    await assert.rejects(store.fetch({ name: 'a', source }), { reason: 'ImageTooLarge' });
  });

  it('names the program that is missing to unpack it', async () => {
    const frames = Buffer.concat(['a', 'b'].map((text) => zstdCompressSync(Buffer.from(text))));
    const sources = { zstd: await sourceFile('a', frames), xz: await sourceFile('a', await xz(content)) };
    const { store } = await newStore({
      exec: (argv, options) => exec(argv, { ...options, env: { PATH: '/nonexistent' } }),
    });
    const prlimitOnly = await newStore({
      exec: (argv, options) =>
        exec(
          argv.map((each) => (each === 'zstd' ? 'nozstd' : each)),
          options,
        ),
    });

    await assert.rejects(store.fetch({ name: 'a', source: sources.xz }), { reason: 'CommandNotFound' });
    await assert.rejects(prlimitOnly.store.fetch({ name: 'a', source: sources.zstd }), {
      reason: 'CommandNotFound',
      message: /there is no command nozstd$/,
    });
  });

  it('is refused when it would make a guest read other files of the vmhost, before qemu-img opens it', async () => {
    const { store } = await newStore({
      exec: (argv, options) => (argv[0] === 'qemu-img' ? assert.fail('it was opened') : exec(argv, options)),
    });
    const backing = await qcow2('backing.qcow2');
    const chained = join(root, 'chained.qcow2');
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', backing, chained]);
    const dataFile = await qcow2('data.qcow2', '-o', `data_file=${join(root, 'data.raw')}`);

    for (const source of [
      chained,
      dataFile,
      await sourceFile('z', zstdCompressSync(await readFile(chained))),
    ]) {
      await assert.rejects(store.fetch({ name: 'a', source }), { reason: 'UnsafeImage' }, source);
    }
  });

  it('is refused when it is not of the format asked for', async () => {
    const { store } = await newStore();
    const source = await qcow2('a.qcow2');

    await assert.rejects(store.fetch({ name: 'a', source, format: 'raw' }), {
      reason: 'FormatMismatch',
      message: 'cannot use image "a": it is qcow2, not raw',
    });
    await assert.rejects(
      store.fetch({ name: 'a', source: await sourceFile('a', content), format: 'qcow2' }),
      {
        reason: 'FormatMismatch',
      },
    );
  });

  it('U8: is a raw disk with a partition table, a bare file system or nothing on it', async () => {
    const mbr = Buffer.alloc(MIB, 'GRUB ');
    mbr.writeUInt16BE(0x55aa, 510);
    const gpt = Buffer.alloc(MIB);
    gpt.write('EFI PART', 512);
    const ext4 = Buffer.alloc(MIB);
    ext4.writeUInt16LE(0xef53, 1024 + 56);
    const { store } = await newStore();

    for (const data of [mbr, gpt, ext4, Buffer.alloc(MIB)]) {
      const image = await store.fetch({ name: 'a', source: await sourceFile('a', data) });
      assert.deepEqual([image.format, image.virtualSize], ['raw', MIB]);
    }
  });

  it('U8: is refused when it is something else, which is named', async () => {
    const { store } = await newStore();
    const tar = Buffer.alloc(2048);
    tar.write('ustar', 257);
    const cases: [string, Buffer | string, RegExp][] = [
      ['empty', '', /an empty file/],
      ['error page', '<?xml version="1.0"?><Error><Code>AccessDenied', /an HTML or XML page/],
      ['zip', 'PK\x03\x04....', /a zip archive/],
      ['tar in gzip', gzipSync(tar), /a tar archive/],
      ['gzip in zstd', zstdCompressSync(gzipSync(content)), /a gzip file inside another/],
      ['list', 'SHA256 (debian.qcow2) = 4b0f\n'.repeat(40), /a text file/],
      ['text with umlauts, cut in one', 'ä'.repeat(600), /a text file/],
      ['text in xz', await xz(Buffer.from('not found\n')), /a text file/],
      ['program', Buffer.concat([Buffer.from('\x7fELF'), Buffer.alloc(508)]), /a program/],
      ['cut raw disk', content.subarray(0, 1001), /no disk: its 1001 bytes are not whole sectors of 512/],
      ['VMDK', 'KDMV\x01\0\0\0', /a VMDK image/],
      ['cut qcow2', (await readFile(await qcow2('a'))).subarray(0, 70), /qemu-img cannot read it/],
    ];

    for (const [what, data, message] of cases) {
      const reason = what === 'cut qcow2' ? 'CorruptImage' : 'NotAnImage';
      await assert.rejects(
        store.fetch({ name: 'a', source: await sourceFile('a', data) }),
        { reason, message },
        what,
      );
    }
  });
});
