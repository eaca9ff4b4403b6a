import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import {
  contentStamp,
  headerStamp,
  keepByStamp,
  sizeStamp,
  type KeptByStamp,
} from '../../src/drivers/stamps.ts';

const dir = await mkdtemp(join(tmpdir(), 'stamps-test-'));
after(() => rm(dir, { recursive: true }));
const LONG_AGO = new Date('2026-01-01T00:00:00Z');

async function fileOf(name: string, content: string, at = LONG_AGO): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, content);
  await utimes(path, at, at);
  return path;
}

/** Counts the reads. */
function counting(stampOf = contentStamp, limit = 10): { kept: KeptByStamp<number>; reads: string[] } {
  const reads: string[] = [];
  const read = (path: string): Promise<number> => Promise.resolve(reads.push(path));
  return { kept: keepByStamp({ read, stampOf, limit }), reads };
}

describe('what is read from a file', () => {
  it('is kept while the file is the same', async () => {
    const { kept } = counting();
    const path = await fileOf('same', 'x');

    assert.deepEqual([await kept.get(path), await kept.get(path)], [1, 1]);
  });

  it('is read again when it was written, with another size or another time, or is another file', async () => {
    const { kept } = counting();
    const path = await fileOf('written', 'x');
    await kept.get(path);

    await fileOf('written', 'xy');
    assert.equal(await kept.get(path), 2);
    await fileOf('written', 'xz', new Date('2026-01-02T00:00:00Z'));
    assert.equal(await kept.get(path), 3);
    await rename(await fileOf('other', 'xz', new Date('2026-01-02T00:00:00Z')), path);
    assert.equal(await kept.get(path), 4);
  });

  it('is not trusted of a file that was written just now: it may be written again in the same tick', async () => {
    const { kept } = counting();
    const path = await fileOf('young', 'x', new Date());

    assert.deepEqual([await kept.get(path), await kept.get(path)], [1, 2]);
  });

  it('is read each time where there is no file, and an error is not kept', async () => {
    let reads = 0;
    const read = (): Promise<never> => Promise.reject(new Error(String((reads += 1))));
    const kept = keepByStamp({ read, stampOf: contentStamp, limit: 10 });

    for (const path of [join(dir, 'none'), await fileOf('bad', 'x')]) {
      await assert.rejects(kept.get(path));
      await assert.rejects(kept.get(path));
    }
    assert.equal(reads, 4);
  });

  it('is forgotten of what was not asked for longest, beyond a limit', async () => {
    const { kept, reads } = counting(contentStamp, 2);
    const [a, b, c] = [await fileOf('a', ''), await fileOf('b', ''), await fileOf('c', '')];

    for (const path of [a, b, a, c, a, b]) await kept.get(path);

    assert.deepEqual(reads, [a, b, c, b]);
  });
});

describe('a disk', () => {
  it('that is qcow2 is the same one whatever its guest writes behind the header', async () => {
    const path = await fileOf('disk.qcow2', `${'h'.repeat(4096)}data`);
    const before = await headerStamp(path);

    await writeFile(path, `${'h'.repeat(4096)}more data`);
    assert.equal(await headerStamp(path), before);
    await writeFile(path, `${'x'.repeat(4096)}more data`);
    assert.notEqual(await headerStamp(path), before);
  });

  it('that is raw is the same one as long as it has its size', async () => {
    const path = await fileOf('disk.raw', 'abc');
    const before = await sizeStamp(path);

    await writeFile(path, 'xyz');
    assert.equal(await sizeStamp(path), before);
    await truncate(path, 2);
    assert.notEqual(await sizeStamp(path), before);
  });
});
