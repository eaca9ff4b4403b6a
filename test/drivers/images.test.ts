import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { appendFile, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { ImageProgress } from '../../src/drivers/images.ts';
import { MIB, newStore, qcow2, root, run, sourceFile } from './images/fixtures.ts';

const content = randomBytes(2 * MIB);

describe('an image from a file', () => {
  it('is copied, and stays as it was when the file changes', async () => {
    const source = await sourceFile('image.raw', content);
    const { store } = await newStore();
    const seen: ImageProgress[] = [];

    const image = await store.fetch({ name: 'a', source }, { onProgress: (progress) => seen.push(progress) });
    const found = await stat(source);
    await appendFile(source, 'more');

    assert.equal(image.sourceIdentity, `${found.size}:${found.mtimeMs}:${found.ino}`);
    assert.deepEqual(await readFile(image.path), content);
    assert.deepEqual([image.format, image.virtualSize, image.size], ['raw', 2 * MIB, 2 * MIB]);
    assert.deepEqual(await store.find('a'), image);
    assert.deepEqual(new Set(seen.map(({ phase }) => phase)).size, 1);
    assert.equal(seen.at(-1)?.bytes, 2 * MIB);
  });

  it('keeps its holes', async () => {
    const source = await sourceFile('image.raw', content);
    await truncate(source, 128 * MIB);
    const { store } = await newStore();

    const image = await store.fetch({ name: 'a', source });

    const { size, blocks } = await stat(image.path);
    assert.equal(size, 128 * MIB);
    assert.ok(blocks * 512 < 8 * MIB, `${blocks} blocks`);
  });

  it('is recognised by its content, not by its name', async () => {
    const source = await qcow2('image.raw');
    const { store } = await newStore();

    const image = await store.fetch({ name: 'a', source });

    assert.deepEqual([image.format, image.virtualSize], ['qcow2', 1024 * MIB]);
    assert.match(image.path, /\/a-[0-9a-f]{12}\.qcow2$/);
  });

  it('that is missing, a directory or changing is said to be so', async () => {
    const source = await sourceFile('a', content);
    const { store } = await newStore();
    let changes = 0;
    function onProgress(): void {
      if (changes++ === 0) writeFileSync(source, 'x');
    }

    await assert.rejects(store.fetch({ name: 'a', source: join(root, 'none') }), {
      reason: 'SourceNotFound',
      message: `cannot read image "${join(root, 'none')}": no such file`,
    });
    await assert.rejects(store.fetch({ name: 'a', source: root }), { reason: 'SourceNotFound' });
    await assert.rejects(store.fetch({ name: 'a', source }, { onProgress }), { reason: 'SourceChanged' });
  });

  it('leaves nothing behind when it is given up', async () => {
    const { dir, store } = await newStore();
    const plain = await sourceFile('a', content);
    const packed = await sourceFile('a', gzipSync(content));

    for (const source of [plain, packed]) {
      const ended = new AbortController();
      function onProgress(): void {
        ended.abort();
      }
      await assert.rejects(store.fetch({ name: 'a', source }, { signal: ended.signal, onProgress }), {
        reason: 'Aborted',
      });
      await assert.rejects(store.fetch({ name: 'a', source }, { signal: ended.signal }), {
        reason: 'Aborted',
      });
    }
    assert.deepEqual(await readdir(dir), []);
  });
});

describe('the image store', () => {
  it('does not touch content that it has, and mends what is damaged', async () => {
    const source = await sourceFile('a', content);
    const { store } = await newStore();
    const first = await store.fetch({ name: 'a', source });
    const { ino } = await stat(first.path);

    const again = await store.fetch({ name: 'a', source });
    assert.equal((await stat(again.path)).ino, ino);

    await writeFile(first.path, randomBytes(2 * MIB));
    await store.fetch({ name: 'a', source });
    assert.deepEqual(await readFile(first.path), content);
  });

  it('keeps the old file when a name gets new content', async () => {
    const { store } = await newStore();
    const first = await store.fetch({ name: 'a', source: await sourceFile('a', content) });
    const second = await store.fetch({ name: 'a', source: await sourceFile('a', randomBytes(MIB)) });

    assert.notEqual(first.path, second.path);
    assert.deepEqual(await readFile(first.path), content);
    assert.deepEqual(await store.find('a'), second);
  });

  it('E54: finds only what is whole', async () => {
    const { dir, store } = await newStore();
    assert.equal(await store.find('a'), undefined);
    const image = await store.fetch({ name: 'a', source: await sourceFile('a', content) });
    const sidecar = await readFile(join(dir, 'a.json'), 'utf8');

    await truncate(image.path, MIB);
    assert.equal(await store.find('a'), undefined);
    await rm(image.path);
    assert.equal(await store.find('a'), undefined);
    await mkdir(image.path);
    assert.equal(await store.find('a'), undefined);
    for (const damaged of ['', sidecar.slice(0, 50), '[]', sidecar.replace('"file": "', '"file": "../')]) {
      await writeFile(join(dir, 'a.json'), damaged);
      assert.equal(await store.find('a'), undefined);
    }
  });

  it('fetches one name once at a time', async () => {
    const { store } = await newStore();
    const sources = await Promise.all(
      [1, 2, 3].map((i) => sourceFile(`${i}`, gzipSync(Buffer.alloc(MIB, i)))),
    );

    const images = await Promise.all(sources.map((source) => store.fetch({ name: 'a', source })));

    for (const [i, image] of images.entries())
      assert.deepEqual(await readFile(image.path), Buffer.alloc(MIB, i + 1));
    assert.deepEqual(await store.find('a'), images.at(-1));
  });

  it('says how much space is left when there is too little', async (t) => {
    if ((await run('unshare', ['--mount', 'true']).catch(() => undefined)) === undefined) {
      t.skip('no mount namespaces here');
      return;
    }
    const { dir } = await newStore();
    await mkdir(dir, { recursive: true });
    const sources = [
      await sourceFile('a', content),
      await sourceFile('a', gzipSync(Buffer.alloc(4 * MIB, 'ab'))),
    ];
    const script = `import { createImageStore } from ${JSON.stringify(new URL('../../src/drivers/images.ts', import.meta.url).href)};
      import { readdirSync } from 'node:fs';
      const [dir, ...sources] = process.argv.slice(1);
      for (const source of sources) {
        await createImageStore({ dir }).fetch({ name: 'a', source }).catch((e) => console.log(e.reason, e.hint));
        console.log(readdirSync(dir).length);
      }`;
    const mount =
      'mount -t tmpfs -o size=1m tmpfs "$1"; d=$1; s=$2; shift 2; exec "$0" --input-type=module -e "$s" "$d" "$@"';

    const said = await run('unshare', [
      '--mount',
      'sh',
      '-euc',
      mount,
      process.execPath,
      dir,
      script,
      ...sources,
    ]);

    assert.match(said.stdout, /^NoSpace 2\.0 MiB needed, .* free; .*\n0\nNoSpace .* free; .*\n0\n$/);
  });
});
