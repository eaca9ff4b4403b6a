import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { ReasonedError } from '../../../src/api/errors.ts';
import { newStore } from './fixtures.ts';
import { httpSource } from './http-source.ts';

const content = randomBytes(307_200);

describe('a source that does not serve', () => {
  it('is not asked twice when it says that there is no such image', async (t) => {
    const source = await httpSource(t, content);
    source.faults = [{ status: 404 }, { status: 404 }];
    const { store } = await newStore({ retries: 3, retryMs: 1 });
    const url = source.url.replace('http://', 'http://me:s3cret@');

    const failure = await store
      .fetch({ name: 'a', source: `${url}?sig=s3cret` })
      .catch((error: unknown) => error);

    assert.ok(failure instanceof ReasonedError);
    assert.equal(failure.reason, 'SourceNotFound');
    assert.match(
      failure.message,
      /^cannot download image "http:\/\/…@127\.0\.0\.1:\d+\/image\.qcow2\?…": .*404 Not Found$/,
    );
    assert.equal(source.requests.length, 1);
  });

  it('gets the user and password of the URL, which no message carries', async (t) => {
    const source = await httpSource(t, content);
    source.faults = [{ status: 403 }];
    const { store } = await newStore({ retries: 3, retryMs: 1 });
    const url = source.url.replace('http://', 'http://me:s%40cret@');

    await assert.rejects(store.fetch({ name: 'a', source: url }), (error: ReasonedError) => {
      assert.equal(error.reason, 'PermissionDenied');
      assert.doesNotMatch(`${error.message}${error.hint ?? ''}`, /cret/);
      return true;
    });
    await store.fetch({ name: 'a', source: url });

    assert.equal(source.requests[1]?.authorization, `Basic ${Buffer.from('me:s@cret').toString('base64')}`);
  });

  it('is said to be silent when no byte comes', async (t) => {
    const source = await httpSource(t, content);
    source.faults = [{ stallAfter: 10 }];
    const { store } = await newStore({ retries: 0, stallMs: 100 });

    await assert.rejects(store.fetch({ name: 'a', source: source.url }), {
      reason: 'SourceUnreachable',
      message: /: no byte for 0\.1 s$/,
    });
  });

  it('U4: is tried a bounded number of times, and tells why before each', async (t) => {
    const source = await httpSource(t, content);
    source.faults = Array.from({ length: 9 }, () => ({ status: 500 }));
    const { store } = await newStore({ retries: 3, retryMs: 1 });

    const told: Error[] = [];
    const onRetry = (error: Error): void => void told.push(error);
    await assert.rejects(store.fetch({ name: 'a', source: source.url }, { onRetry }), {
      reason: 'SourceUnreachable',
    });
    assert.equal(source.requests.length, 4);
    assert.match(told.map(({ message }) => message).join('\n'), /^(.*500 Internal Server Error\n?){3}$/);
    await assert.rejects(store.fetch({ name: 'a', source: 'http://127.0.0.1:1/x' }), {
      reason: 'SourceUnreachable',
      message: /127\.0\.0\.1:1\/x": .*(ECONNREFUSED|bad port)/,
    });
  });

  it('E54: names both sums when they differ, and the bad bytes go', async (t) => {
    const source = await httpSource(t, content);
    const { dir, store } = await newStore({ retries: 3, retryMs: 1 });
    const checksum = `sha512:${'0'.repeat(128)}`;
    const actual = createHash('sha512').update(content).digest('hex');

    await assert.rejects(store.fetch({ name: 'a', source: source.url, checksum }), {
      reason: 'ChecksumMismatch',
      message: `cannot use image "a": its source is sha512:${actual}, not ${checksum}`,
    });
    assert.deepEqual(await readdir(dir), []);

    await store.fetch({ name: 'a', source: source.url, checksum: `sha512:${actual}` });
  });

  it('is told apart from an image when it is a page', async (t) => {
    const source = await httpSource(t, Buffer.from('\n<!DOCTYPE html><html><title>Sign in</title>'));
    const { dir, store } = await newStore({ retries: 3, retryMs: 1 });

    await assert.rejects(store.fetch({ name: 'a', source: source.url }), {
      reason: 'NotAnImage',
      message: /it is an HTML or XML page$/,
    });
    assert.deepEqual(await readdir(dir), []);
  });
});
