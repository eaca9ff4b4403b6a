import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { newStore, root, sha256, sourceFile } from './fixtures.ts';
import { httpSource } from './http-source.ts';

const content = randomBytes(307_200);

describe('an image whose checksum is listed in a file', () => {
  it('is held against what the file says of it', async (t) => {
    const source = await httpSource(t, content);
    const list = await httpSource(t, Buffer.from(`${sha256(content)} *image.qcow2\n`));
    const { store } = await newStore();

    const image = await store.fetch({ name: 'a', source: source.url, checksum: list.url });

    assert.deepEqual(await readFile(image.path), content);
    assert.equal(image.checksum, list.url, 'what the manifest says is what was stored');
    await assert.rejects(
      store.fetch({ name: 'b', source: (await httpSource(t, randomBytes(512))).url, checksum: list.url }),
      { reason: 'ChecksumMismatch' },
    );
  });

  it('is looked up by the name of a local file too', async (t) => {
    const source = await sourceFile('image.raw', content);
    const name = source.slice(root.length + 1).replace(/^.*\//, '');
    const list = await httpSource(t, Buffer.from(`SHA256 (${name}) = ${sha256(content)}\n`));
    const { store } = await newStore();

    const image = await store.fetch({ name: 'a', source, checksum: list.url });

    assert.equal(image.sha256, sha256(content));
  });

  it('is not fetched where the file does not list it, or is not there', async (t) => {
    const source = await httpSource(t, content);
    const list = await httpSource(t, Buffer.from(`${sha256(content)}  other.qcow2\n`));
    const { store } = await newStore();
    const request = { name: 'a', source: source.url, checksum: list.url };

    await assert.rejects(store.fetch(request), {
      reason: 'ChecksumNotFound',
      message: `cannot find the checksum of "image.qcow2": ${list.url} lists none, or more than one`,
    });
    list.faults.push({ status: 404 });
    await assert.rejects(store.fetch(request), { reason: 'SourceNotFound' });
    assert.equal(source.requests.length, 0);
  });

  it('is asked for again after a failure that may pass, and said to be so', async (t) => {
    const source = await httpSource(t, content);
    const list = await httpSource(t, Buffer.from(`${sha256(content)}  image.qcow2\n`));
    list.faults.push({ status: 503 });
    const { store } = await newStore({ retries: 1, retryMs: 1 });
    const failed: string[] = [];

    await store.fetch(
      { name: 'a', source: source.url, checksum: list.url },
      { onRetry: ({ message }) => void failed.push(message) },
    );

    assert.equal(list.requests.length, 2);
    assert.match(failed.join(), /the server says 503/);
  });
});
