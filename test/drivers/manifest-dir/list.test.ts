import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { isManifestFile } from '../../../src/api/manifest/snapshot.ts';
import { createManifestDir } from '../../../src/drivers/manifest-dir.ts';
import type { ManifestListing } from '../../../src/drivers/manifest-dir.ts';
import { reasonOf } from '../../../src/api/errors.ts';

let root: string;

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'k8slab-list-'));
});

after(() => rm(root, { recursive: true, force: true }));

/** A directory with these files, all of long ago. */
async function directory(files: Record<string, string>): Promise<string> {
  const path = await mkdtemp(join(root, 'd-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
  return path;
}

/** Lists; `whileWaiting` runs instead of each wait for quiet. */
async function list(
  path: string,
  whileWaiting: (round: number) => Promise<unknown> = () => Promise.resolve(),
): Promise<ManifestListing> {
  let round = 0;
  let now = Date.now();
  const source = createManifestDir({
    path,
    isManifest: isManifestFile,
    now: () => now,
    delay: async (ms) => {
      round++;
      await whileWaiting(round);
      now = Math.max(Date.now(), now + ms);
    },
  });
  return source.list();
}

function summary({ files }: ManifestListing): Record<string, string> {
  return Object.fromEntries(
    files.map((file) => [
      file.path.slice(file.path.lastIndexOf('/') + 1),
      'text' in file ? file.text : reasonOf(file.error),
    ]),
  );
}

describe('a listing', () => {
  it('has the manifests of the directory itself, sorted by path', async () => {
    const path = await directory({
      'b.yaml': 'b',
      'a.yml': 'a',
      'c.json': '{}',
      'z.yaml~': '',
      '.x.yaml': '',
      'n.txt': '',
    });
    await mkdir(join(path, 'sub.yaml'));
    await writeFile(join(path, 'sub.yaml', 'd.yaml'), 'd');

    const listing = await list(path);

    assert.deepEqual(
      listing.files.map((file) => file.path),
      ['a.yml', 'b.yaml', 'c.json'].map((name) => join(path, name)),
    );
    assert.deepEqual(summary(listing), { 'a.yml': 'a', 'b.yaml': 'b', 'c.json': '{}' });
  });

  it('names a file that cannot be read, and has the others', async () => {
    const path = await directory({ 'good.yaml': 'good', 'binary.yaml': '' });
    await writeFile(join(path, 'binary.yaml'), Buffer.from([0x61, 0xff, 0xfe]));
    await writeFile(join(path, 'big.yaml'), Buffer.alloc(1024 * 1024 + 1, 'x'));
    await writeFile(join(path, 'full.yaml'), Buffer.alloc(1024 * 1024, 'x'));
    await symlink('nowhere', join(path, 'link.yaml'));
    await promisify(execFile)('mkfifo', [join(path, 'fifo.yaml')]);

    const { 'full.yaml': full, ...rest } = summary(await list(path));

    assert.equal(full?.length, 1024 * 1024);
    assert.deepEqual(rest, {
      'good.yaml': 'good',
      'binary.yaml': 'NotText',
      'big.yaml': 'ManifestTooLarge',
      'link.yaml': 'IoError',
    });
  });

  it('of a directory that is not there, or is none, is no empty listing', async () => {
    const path = await directory({ 'a.yaml': 'a' });

    await assert.rejects(list(join(path, 'none')), {
      reason: 'DirectoryUnavailable',
      message: `cannot read directory "${join(path, 'none')}": no such directory`,
    });
    await assert.rejects(list(join(path, 'a.yaml')), { reason: 'DirectoryUnavailable' });
  });

  it('E85: never falls into the gap of an editor that deletes before it writes', async () => {
    const path = await directory({ 'a.yaml': 'old', 'b.yaml': 'b' });
    await rm(join(path, 'a.yaml'));

    const listing = await list(path, (round) =>
      round === 1 ? writeFile(join(path, 'a.yaml'), 'new') : Promise.resolve(),
    );

    assert.deepEqual(summary(listing), { 'a.yaml': 'new', 'b.yaml': 'b' });
  });

  it('E85: never shows the emptied file of an editor that truncates before it writes', async () => {
    const path = await directory({ 'a.yaml': 'old' });
    await truncate(join(path, 'a.yaml'));

    const listing = await list(path, (round) =>
      round === 1 ? writeFile(join(path, 'a.yaml'), 'new') : Promise.resolve(),
    );

    assert.deepEqual(summary(listing), { 'a.yaml': 'new' });
  });

  it('looks again when the directory goes and comes back meanwhile', async () => {
    const path = await directory({ 'a.yaml': 'a' });

    const listing = await list(path, async (round) => {
      if (round > 1) return;
      await rename(path, `${path}.old`);
      await mkdir(path);
      await writeFile(join(path, 'b.yaml'), 'b');
    });

    assert.deepEqual(summary(listing), { 'b.yaml': 'b' });
  });

  it('does not wait for ever for a directory that never rests', async () => {
    const path = await directory({ 'a.yaml': '0' });
    let rounds = 0;

    const listing = await list(path, async (round) => {
      rounds = round;
      await new Promise((resolve) => setImmediate(resolve));
      await writeFile(join(path, 'a.yaml'), `${round}`);
    });

    assert.ok(rounds <= 10);
    assert.deepEqual(Object.keys(summary(listing)), ['a.yaml']);
  });

  it('is whole however fast editors save', async () => {
    const path = await directory({ 'a.yaml': 'x'.repeat(100_000) });
    const texts = ['x'.repeat(100_000), 'y'.repeat(60_000)];
    const done = new AbortController();
    const source = createManifestDir({ path, isManifest: isManifestFile, debounceMs: 1 });

    const editor = (async () => {
      for (let i = 0; !done.signal.aborted; i++) {
        await writeFile(join(path, '.a.tmp'), texts[i % 2] ?? '');
        await rename(join(path, '.a.tmp'), join(path, 'a.yaml'));
      }
    })();
    const listings: ManifestListing[] = [];
    for (let i = 0; i < 20; i++) listings.push(await source.list());
    done.abort();
    await editor;

    for (const listing of listings) assert.ok(texts.includes(summary(listing)['a.yaml'] ?? ''));
  });
});
