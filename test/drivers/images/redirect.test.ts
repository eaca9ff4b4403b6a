import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Headers, Response, type fetch } from 'undici';
import { fetchFollowing } from '../../../src/drivers/images/redirect.ts';

interface Asked {
  readonly url: string;
  readonly authorization: string | null;
}

/** Asks for an image where each URL has moved to the next one, and the last one has it. */
async function follow(
  urls: readonly string[],
  verified = false,
): Promise<{ status: number; asked: Asked[] }> {
  const asked: Asked[] = [];
  const get = ((url: string, { headers }: { headers: Headers }) => {
    asked.push({ url, authorization: headers.get('authorization') });
    const next = urls[asked.length];
    if (next === undefined) return Promise.resolve(new Response('image'));
    return Promise.resolve(new Response(null, { status: 302, headers: { location: next } }));
  }) as unknown as typeof fetch;
  const headers = new Headers({ authorization: 'Basic x' });
  const { status } = await fetchFollowing({ url: urls[0] ?? '', headers, init: {}, verified }, get);
  return { status, asked };
}

describe('an image that has moved', () => {
  it('R3: from https to http is refused without a checksum, on whichever hop', async () => {
    const ways = [
      ['https://a.example/i', 'http://a.example/i'],
      ['https://a.example/i', 'https://b.example/i', 'http://c.example/i', 'https://d.example/i'],
    ];
    for (const urls of ways) {
      await assert.rejects(follow(urls), {
        reason: 'InsecureRedirect',
        hint: 'add spec.checksum, or name another source',
      });
      assert.equal((await follow(urls, true)).status, 200, 'a checksum verifies what arrives');
    }
  });

  it('is followed from http, and from https to https, by relative addresses too', async () => {
    const { asked } = await follow(['http://a.example/x/i', '../j', 'https://b.example/k']);

    assert.deepEqual(
      asked.map(({ url }) => url),
      ['http://a.example/x/i', 'http://a.example/j', 'https://b.example/k'],
    );
  });

  it('keeps credentials for the server that they are for', async () => {
    const { asked } = await follow([
      'https://a.example/i',
      '/j',
      'https://b.example/k',
      'https://a.example/l',
    ]);

    assert.deepEqual(
      asked.map(({ authorization }) => authorization !== null),
      [true, true, false, false],
    );
  });

  it('is given up when it moves in circles', async () => {
    await assert.rejects(follow(Array<string>(100).fill('https://a.example/i')), {
      reason: 'TooManyRedirects',
    });
  });
});
