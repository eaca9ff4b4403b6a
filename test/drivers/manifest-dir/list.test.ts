import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { isManifestFile, type ManifestListing } from '../../../src/api/manifest/snapshot.ts';
import { createManifestDir } from '../../../src/drivers/manifest-dir.ts';
import { createLister } from '../../../src/drivers/manifest-dir/list.ts';
import { createSuspects } from '../../../src/drivers/manifest-dir/suspects.ts';
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
      'text' in file ? file.text : 'error' in file ? reasonOf(file.error) : 'unsettled',
    ]),
  );
}

describe('a listing', () => {
  it('C10: has the manifests of the directory and its folders, sorted by path, and none below a dot', async () => {
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
    for (const folder of ['.git/x', 'nodes/more']) {
      await mkdir(join(path, folder), { recursive: true });
      await writeFile(join(path, folder, 'e.yaml'), 'e');
    }
    await symlink(path, join(path, 'loop'));

    const listing = await list(path);

    assert.deepEqual(
      listing.files.map((file) => file.path),
      ['a.yml', 'b.yaml', 'c.json', 'nodes/more/e.yaml', 'sub.yaml/d.yaml'].map((name) => join(path, name)),
    );
    assert.deepEqual(Object.values(summary(listing)), ['a', 'b', '{}', 'e', 'd']);
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

  it('E85: waits for an editor that is held up between deleting and writing', async () => {
    const path = await directory({ 'a.yaml': 'old' });
    const later = Date.now() + 60_000;
    let now = later;
    const source = createManifestDir({
      path,
      isManifest: isManifestFile,
      now: () => now,
      async delay(ms) {
        now += ms;
        if (now - later === 800) await writeFile(join(path, 'a.yaml'), 'new');
      },
    });
    await source.list();
    await rm(join(path, 'a.yaml'));

    assert.deepEqual(summary(await source.list()), { 'a.yaml': 'new' });
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

  it('F10: does not wait for a file that never rests: it keeps its old content, and others count', async () => {
    const path = await directory({ 'a.yaml': '0' });
    // Of long ago, which only time can make a file of the test.
    await symlink(join(import.meta.dirname, '../../../package.json'), join(path, 'b.yaml'));
    let rounds = 0;
    let now = Date.now() + 60_000;
    const source = createManifestDir({
      path,
      isManifest: isManifestFile,
      now: () => now,
      delay: async () => {
        rounds += 1;
        await writeFile(join(path, 'a.yaml'), `${rounds}`);
        now = Date.now();
      },
    });
    await source.list();
    await writeFile(join(path, 'a.yaml'), 'new');
    now = Date.now();

    const listing = await source.list();

    assert.equal(rounds, 2);
    assert.equal(summary(listing)['a.yaml'], 'unsettled');
    assert.match(summary(listing)['b.yaml'] ?? '', /"name": "k8slab"/);
  });

  it('E85: takes a file for gone only when it has been away for a while', async () => {
    const path = await directory({ 'a.yaml': 'a', 'b.yaml': 'b' });
    let now = Date.now() + 60_000;
    let waited = 0;
    const source = createManifestDir({
      path,
      isManifest: isManifestFile,
      now: () => now,
      delay: (ms) => Promise.resolve(void ((waited += ms), (now += ms))),
    });
    await source.list();

    await rm(join(path, 'a.yaml'));
    const listing = await source.list();

    assert.deepEqual([summary(listing), waited], [{ 'b.yaml': 'b' }, 1000]);
  });

  it('F10: does not wait for the last of many files that go one after the other: the others count meanwhile', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `${index + 10}.yaml`);
    const path = await directory(Object.fromEntries([...names, 'a.yaml'].map((name) => [name, name])));
    let now = Date.now() + 60_000;
    let waited = 0;
    const source = createManifestDir({
      path,
      isManifest: isManifestFile,
      now: () => now,
      async delay(ms) {
        now += ms;
        waited += ms;
        await rm(join(path, names.shift() ?? ''));
      },
    });
    await source.list();
    await rm(join(path, names.shift() ?? ''));

    const listed = summary(await source.list());

    assert.ok(waited <= 1500, `${waited} ms`);
    assert.equal(listed['a.yaml'], 'a.yaml');
    assert.equal(listed['10.yaml'], undefined);
    assert.equal(listed['14.yaml'], 'unsettled');
  });

  it('E85: is whole while git checks out one branch after the other', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `n${index}.yaml`);
    const path = await directory(Object.fromEntries(names.map((name) => [name, 'one'])));
    const git = (...argv: string[]): Promise<unknown> =>
      promisify(execFile)('git', ['-c', 'user.name=k', '-c', 'user.email=k@example', ...argv], { cwd: path });
    await git('init', '-q', '-b', 'one');
    await git('add', '.');
    await git('commit', '-qm', 'one');
    await git('checkout', '-qb', 'two');
    for (const name of names) await writeFile(join(path, name), 'two');
    await git('commit', '-qam', 'two');
    const done = new AbortController();
    const source = createManifestDir({ path, isManifest: isManifestFile });

    const person = (async () => {
      for (let i = 0; !done.signal.aborted; i++) await git('checkout', '-q', i % 2 === 0 ? 'one' : 'two');
    })();
    const listings: ManifestListing[] = [];
    for (let i = 0; i < 4; i++) listings.push(await source.list());
    done.abort();
    await person;

    for (const listing of listings) {
      const found = summary(listing);
      assert.deepEqual(Object.keys(found).sort(), names.toSorted());
      const others = Object.values(found).filter((text) => !['one', 'two', 'unsettled'].includes(text));
      assert.deepEqual(others, []);
    }
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

    for (const listing of listings) {
      assert.ok([...texts, 'unsettled'].includes(summary(listing)['a.yaml'] ?? ''));
    }
  });

  it('reads a file that did not change no more, and one that did at once', async () => {
    const path = await directory({ 'a.yaml': 'a', 'b.yaml': 'b' });
    let now = Date.now() + 60_000;
    const source = createManifestDir({
      path,
      isManifest: isManifestFile,
      now: () => now,
      delay: () => Promise.resolve(void (now += 1000)),
    });
    const [first] = (await source.list()).files;
    const [again] = (await source.list()).files;

    await writeFile(join(path, 'a.yaml'), 'A');
    now = Date.now() + 60_000;

    assert.equal(again, first);
    assert.deepEqual(summary(await source.list()), { 'a.yaml': 'A', 'b.yaml': 'b' });
  });

  it('looks at files that are suspected, at links and at new ones; after a failure at all', async () => {
    const path = await directory({ 'a.yaml': 'a', 'b.yaml': 'b' });
    const target = join(root, 'target.yaml');
    await writeFile(target, 'l');
    await symlink(target, join(path, 'l.yaml'));
    let now = Date.now() + 60_000;
    const suspects = createSuspects();
    suspects.follow(true);
    const listNow = createLister({
      path,
      isManifest: isManifestFile,
      goneMs: 1000,
      debounceMs: 200,
      maxBytes: 1000,
      now: () => (now += 60_000),
      delay: () => Promise.resolve(),
      suspects,
    });
    await listNow();
    for (const name of ['a.yaml', 'b.yaml', 'c.yaml']) await writeFile(join(path, name), 'new');
    await writeFile(target, 'new');

    suspects.add(join(path, 'a.yaml'));
    const known = { 'a.yaml': 'new', 'c.yaml': 'new', 'l.yaml': 'new' };
    assert.deepEqual(summary(await listNow()), { ...known, 'b.yaml': 'b' });
    assert.deepEqual(summary(await listNow()), { ...known, 'b.yaml': 'b' });

    await rename(path, `${path}.away`);
    await assert.rejects(listNow());
    await rename(`${path}.away`, path);
    assert.deepEqual(summary(await listNow()), { ...known, 'b.yaml': 'new' });
  });
});

describe('R8: manifests are root powers:', () => {
  it('a directory that its group or others may write to is not read, with the command that mends it', async () => {
    const path = await directory({ 'a.yaml': 'a' });
    await chmod(path, 0o775);

    await assert.rejects(list(path), {
      reason: 'NotTrusted',
      message: /its group or others may write to it \(mode 775\)/,
      hint: `chown root: ${path} && chmod go-w ${path}`,
    });
    await chmod(path, 0o755);
    assert.deepEqual(summary(await list(path)), { 'a.yaml': 'a' });
  });

  it('nor is one below a directory that others may write to, unless that is sticky', async () => {
    const above = await directory({});
    const path = join(above, 'm');
    await mkdir(path);
    await chmod(above, 0o777);
    await assert.rejects(list(path), { reason: 'NotTrusted' });

    await chmod(above, 0o1777);

    assert.deepEqual(summary(await list(path)), {});
  });

  it('a file or folder that others may write to counts as unreadable, and the others are read', async () => {
    const path = await directory({ 'a.yaml': 'a', 'b.yaml': 'b' });
    await mkdir(join(path, 'c'));
    await chmod(join(path, 'a.yaml'), 0o666);
    await chmod(join(path, 'c'), 0o777);

    assert.deepEqual(summary(await list(path)), { 'a.yaml': 'NotTrusted', 'b.yaml': 'b', c: 'NotTrusted' });
  });
});
