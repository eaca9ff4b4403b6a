import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { exec } from '../../../src/drivers/exec.ts';
import { createImageStore } from '../../../src/drivers/images.ts';
import type {
  FetchOptions,
  ImageProgress,
  ImageStore,
  ImageStoreOptions,
} from '../../../src/drivers/images.ts';
import { root, sha256 } from './fixtures.ts';
import { httpSource } from './http-source.ts';
import type { HttpSource } from './http-source.ts';

async function newStore(
  options: Partial<ImageStoreOptions> = {},
): Promise<{ dir: string; store: ImageStore }> {
  const dir = await mkdtemp(join(root, 'store-'));
  return { dir, store: storeIn(dir, options) };
}

function storeIn(dir: string, options: Partial<ImageStoreOptions> = {}): ImageStore {
  return createImageStore({ dir, retries: 3, retryMs: 1, ...options });
}

/** Cuts the connection whenever the client has this many bytes: what was on its way would be lost with it. */
function cutAt(source: HttpSource, ...places: number[]): FetchOptions {
  return {
    onProgress: ({ phase, bytes }) => {
      if (phase === 'Downloading' && bytes === places[0]) {
        places.shift();
        source.cut();
      }
    },
  };
}

const content = randomBytes(307_200);

describe('an image from a URL', () => {
  it('is kept under a name of its content, readable by QEMU, and found again', async (t) => {
    const source = await httpSource(t, content);
    const { dir, store } = await newStore();
    const seen: ImageProgress[] = [];
    const checksum = `sha256:${sha256(content)}`;

    const image = await store.fetch(
      { name: 'debian', source: source.url, checksum },
      { onProgress: (progress) => seen.push(progress) },
    );

    assert.equal(image.path, join(dir, `debian-${sha256(content).slice(0, 12)}.raw`));
    assert.deepEqual(await readFile(image.path), content);
    assert.equal((await stat(image.path)).mode & 0o777, 0o644);
    assert.equal(image.sourceIdentity, '"v1"');
    assert.deepEqual(await storeIn(dir).find('debian'), image);
    assert.deepEqual((await readdir(dir)).sort(), [image.path.slice(dir.length + 1), 'debian.json']);
    assert.equal((await stat(join(dir, 'debian.json'))).mode & 0o777, 0o600);
    assert.deepEqual(seen.filter(({ phase }) => phase === 'Downloading').at(-1), {
      phase: 'Downloading',
      bytes: 307_200,
      total: 307_200,
    });
    assert.equal(seen.at(-1)?.phase, 'Verifying');
  });

  it('survives a server that closes before what it sent was read', async (t) => {
    const small = randomBytes(65_536);
    const source = await httpSource(t, small);
    source.headers = { connection: 'close' };
    const { store } = await newStore();

    const image = await store.fetch({ name: 'a', source: source.url });

    assert.equal(image.sha256, sha256(small));
  });

  it('E54: goes on where a cut connection left it', async (t) => {
    const source = await httpSource(t, content);
    source.faults = [{ stallAfter: 100_000 }, { stallAfter: 50_000 }];
    const { store } = await newStore();

    const image = await store.fetch({ name: 'a', source: source.url }, cutAt(source, 100_000, 150_000));

    assert.equal(image.sha256, sha256(content));
    assert.deepEqual(
      source.requests.map(({ range, ifRange }) => [range, ifRange]),
      [
        [undefined, undefined],
        ['bytes=100000-', '"v1"'],
        ['bytes=150000-', '"v1"'],
      ],
    );
  });

  it('starts over where the server knows no ranges, or gives nothing to tell versions apart', async (t) => {
    const { store } = await newStore();
    for (const [name, change] of Object.entries({
      ranges: { ranges: false },
      etag: { etag: undefined },
      weak: { etag: 'W/"v1"' },
    })) {
      const source = Object.assign(await httpSource(t, content), change);
      source.faults = [{ stallAfter: 100_000 }];

      const image = await store.fetch({ name, source: source.url }, cutAt(source, 100_000));

      assert.equal(image.sha256, sha256(content), name);
      assert.equal(source.sent, 407_200, name);
    }
  });

  it('E54: is never a mixture of two versions', async (t) => {
    const source = await httpSource(t, content);
    source.faults = [{ stallAfter: 100_000 }];
    const newer = randomBytes(307_200);
    source.onStall = () => Object.assign(source, { content: newer, etag: '"v2"' });
    const { store } = await newStore({ stallMs: 300 });

    const image = await store.fetch({ name: 'a', source: source.url });

    assert.equal(image.sha256, sha256(newer));
    assert.equal(image.sourceIdentity, '"v2"');
  });

  it('goes on after the run that began it was ended', async (t) => {
    const source = await httpSource(t, content);
    source.faults = [{ stallAfter: 120_000 }];
    const { dir, store } = await newStore();
    const ended = new AbortController();

    const first = store.fetch(
      { name: 'a', source: source.url },
      {
        signal: ended.signal,
        onProgress: ({ bytes }) => {
          if (bytes === 120_000) ended.abort();
        },
      },
    );
    await assert.rejects(first, { reason: 'Aborted' });
    assert.equal(await store.find('a'), undefined);
    const image = await storeIn(dir).fetch({ name: 'a', source: source.url });

    assert.equal(image.sha256, sha256(content));
    assert.equal(source.requests[1]?.range, 'bytes=120000-');
    assert.equal(source.sent, 307_200);
  });

  it('is not downloaded twice when only the work after the download failed', async (t) => {
    const source = await httpSource(t, content);
    const { dir } = await newStore();
    const withoutQemu = storeIn(dir, {
      exec: (argv, options) => exec(argv[0] === 'qemu-img' ? ['/nonexistent/qemu-img'] : argv, options),
    });

    await assert.rejects(withoutQemu.fetch({ name: 'a', source: source.url }), { reason: 'CommandNotFound' });
    const image = await storeIn(dir).fetch({ name: 'a', source: source.url });

    assert.equal(image.sha256, sha256(content));
    assert.equal(source.sent, 307_200);
  });

  it('keeps what arrived while the server has a bad time', async (t) => {
    const source = await httpSource(t, content);
    source.faults = [{ stallAfter: 100_000 }, { status: 503 }, { status: 503 }];
    const { store } = await newStore();

    await store.fetch({ name: 'a', source: source.url }, cutAt(source, 100_000));

    assert.equal(source.sent, 307_200);
  });

  it('is asked for again when no byte comes', async (t) => {
    const source = await httpSource(t, content);
    source.faults = [{ stallAfter: 0 }, { stallAfter: 1000 }];
    const { store } = await newStore({ stallMs: 300 });

    const image = await store.fetch({ name: 'a', source: source.url });

    assert.equal(image.sha256, sha256(content));
  });

  it('takes nothing of another source for a beginning', async (t) => {
    const other = await httpSource(t, randomBytes(1000));
    other.faults = [{ stallAfter: 500 }];
    const source = await httpSource(t, content);
    const { dir, store } = await newStore({ retries: 0 });
    await assert.rejects(store.fetch({ name: 'a', source: other.url }, cutAt(other, 500)), {
      reason: 'SourceUnreachable',
    });
    assert.equal((await stat(join(dir, '.a.part'))).size, 500);
    await writeFile(join(dir, '.tmp-a'), 'left by a killed run');

    const image = await store.fetch({ name: 'a', source: source.url });

    assert.equal(image.sha256, sha256(content));
    assert.deepEqual(
      (await readdir(dir)).filter((name) => name.startsWith('.')),
      [],
    );
  });

  it('undoes an encoding that the server puts on it, and starts over when that breaks off', async (t) => {
    const source = await httpSource(t, gzipSync(content));
    source.headers = { 'content-encoding': 'gzip' };
    source.faults = [{ stallAfter: 100_000 }];
    const { store } = await newStore({ stallMs: 300 });

    const image = await store.fetch({ name: 'a', source: source.url });

    assert.equal(image.sha256, sha256(content));
  });
});
