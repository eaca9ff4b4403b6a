import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { isManifestFile } from '../../../src/api/manifest/snapshot.ts';
import { createManifestDir } from '../../../src/drivers/manifest-dir.ts';
import { createSuspects } from '../../../src/drivers/manifest-dir/suspects.ts';
import { watchDir } from '../../../src/drivers/manifest-dir/watch.ts';
import type { HintCause } from '../../../src/drivers/manifest-dir.ts';
import { until } from '../virsh/support.ts';

const QUICK = 150;
const NEVER = 3600_000;

let root: string;

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'k8slab-watch-'));
});

after(() => rm(root, { recursive: true, force: true }));

interface Hints {
  causes: HintCause[];
  /** Waits for a hint of this cause that comes after this call. */
  next(cause: HintCause): Promise<void>;
  /** Name and text of what is listed. */
  list(): Promise<Record<string, string>>;
}

/** Watches until the test is over; ready when it returns. */
async function hints(
  t: TestContext,
  path: string,
  relistMs: number,
  { debounceMs = 20, isManifest = isManifestFile } = {},
): Promise<Hints> {
  const causes: HintCause[] = [];
  const waiting = new Map<HintCause, PromiseWithResolvers<undefined>>();
  function next(cause: HintCause): Promise<void> {
    const waiter = waiting.get(cause) ?? Promise.withResolvers<undefined>();
    waiting.set(cause, waiter);
    return waiter.promise;
  }
  const first = next('rearmed');
  const source = createManifestDir({ path, isManifest, debounceMs, relistMs });
  const watching = source.watch((cause) => {
    causes.push(cause);
    waiting.get(cause)?.resolve(undefined);
    waiting.delete(cause);
  });
  t.after(() => watching.dispose());
  await first;
  async function listNow(): Promise<Record<string, string>> {
    const { files } = await source.list();
    return Object.fromEntries(files.map((file) => [basename(file.path), 'text' in file ? file.text : '']));
  }
  return { causes, next, list: listNow };
}

async function directory(): Promise<string> {
  const path = join(await mkdtemp(join(root, 'w-')), 'manifests');
  await mkdir(path);
  await writeFile(join(path, 'a.yaml'), 'a');
  return path;
}

describe('watching the manifests', { timeout: 20_000 }, () => {
  it('E85: gives a hint whatever way an editor saves, and what is listed then has it', async (t) => {
    const path = await directory();
    const file = join(path, 'a.yaml');
    const target = join(root, 'target.yaml');
    await writeFile(target, 'elsewhere');
    await symlink(target, join(path, 'link.yaml'));
    const seen = await hints(t, path, NEVER);
    let texts = await seen.list();
    const ways: Record<string, () => Promise<void>> = {
      'in place': () => writeFile(file, 'one'),
      'in place again': () => writeFile(file, 'uno'),
      'where a link leads to': () => writeFile(target, 'changed'),
      'rename over': async () => {
        await writeFile(join(path, '.a.yaml.tmp'), 'two');
        await rename(join(path, '.a.yaml.tmp'), file);
      },
      'backup first': async () => {
        await rename(file, `${file}~`);
        await writeFile(file, 'three');
      },
      'delete first': async () => {
        await rm(file);
        await writeFile(file, 'four');
      },
      'a new file': () => writeFile(join(path, 'b.yaml'), 'b'),
      'another file over it': () => rename(join(path, 'b.yaml'), file),
      'a new file again': () => writeFile(join(path, 'b.yaml'), 'bb'),
      'a file less': () => rm(join(path, 'b.yaml')),
    };

    for (const [way, save] of Object.entries(ways)) {
      const hint = seen.next('changed');
      await save();
      await hint;
      const before = texts;
      texts = await seen.list();
      assert.notDeepEqual(texts, before, way);
    }
    assert.deepEqual({ ...texts, 'b.yaml': '' }, { 'a.yaml': 'b', 'b.yaml': '', 'link.yaml': 'changed' });
  });

  it('E85: gives one hint for a burst of changes', async (t) => {
    const path = await directory();
    const seen = await hints(t, path, NEVER, { debounceMs: 400 });
    const witness = await hints(t, path, NEVER, { debounceMs: 800 });
    const over = witness.next('changed');

    for (let i = 0; i < 50; i++) await writeFile(join(path, `n${i}.yaml`), `${i}`);
    await over;

    assert.deepEqual(seen.causes, ['rearmed', 'changed']);
  });

  it('E84: ignores files that are no manifests', async (t) => {
    const path = await directory();
    const seen = await hints(t, path, NEVER);
    const witness = await hints(t, path, NEVER, { debounceMs: 200, isManifest: () => true });
    const over = witness.next('changed');

    for (const name of ['.a.yaml.swp', 'a.yaml~', '4913', 'notes.txt'])
      await writeFile(join(path, name), 'x');
    await over;
    assert.deepEqual(seen.causes, ['rearmed']);
    const hint = seen.next('changed');
    await writeFile(join(path, 'b.yaml'), 'b');
    await hint;

    assert.deepEqual(seen.causes, ['rearmed', 'changed']);
  });

  it('E90: gives hints by itself, so that a lost event delays and no more', async (t) => {
    const seen = await hints(t, await directory(), QUICK);

    await seen.next('relist');
    await seen.next('relist');
  });

  it('names what was edited, so that an edit among a thousand files is a look at one', async (t) => {
    const path = await directory();
    const changed = Date.now() / 1000 - 60;
    await writeFile(join(path, 'b.yaml'), 'b');
    await utimes(join(path, 'b.yaml'), changed, changed);
    const looks: string[] = [];
    const suspects = createSuspects();
    const watching = watchDir({
      path,
      isManifest: isManifestFile,
      debounceMs: 1,
      relistMs: NEVER,
      suspects,
      onHint: (cause) => looks.push(cause),
    });
    t.after(() => watching.dispose());
    await until(() => looks.includes('rearmed'));
    assert.equal(suspects.take(), 'all');

    await writeFile(join(path, 'b.yaml'), 'B');
    await until(() => looks.includes('changed'));

    assert.deepEqual(suspects.take(), new Set([join(path, 'b.yaml')]));

    // Of a rename the old name is told last, and by itself says nothing of the new one.
    await rename(join(path, 'b.yaml'), join(path, 'a.yaml'));
    await until(() => suspects.take() === 'all');
  });

  it('looks at all by itself at every third relist only, as long as each change is told', async (t) => {
    const relistMs = 100;
    const seen = await hints(t, await directory(), relistMs);
    await seen.next('relist');
    const began = performance.now();

    await seen.next('relist');
    await seen.next('relist');

    // A timer of Node is never early, and starts anew when it was late.
    assert.ok(performance.now() - began >= 5 * relistMs);
  });

  it('hears again after the directory was removed and made anew', async (t) => {
    const path = await directory();
    const seen = await hints(t, path, NEVER);
    const gone = seen.next('rearmed');

    await rm(path, { recursive: true });
    await gone;
    const back = seen.next('rearmed');
    await mkdir(path);
    await back;

    await expectHearing(seen, path);
  });

  it('hears again after the directory was replaced at once', async (t) => {
    const path = await directory();
    const seen = await hints(t, path, QUICK);
    for (const replace of [recreate, swap]) {
      const rearmed = seen.next('rearmed');
      await replace(path);
      await rearmed;
      await expectHearing(seen, path);
    }
  });

  it('hears again after a link to the directory was turned elsewhere', async (t) => {
    const first = await directory();
    const second = await directory();
    const path = `${first}-link`;
    await symlink(basename(first), path);
    const seen = await hints(t, path, QUICK);
    await expectHearing(seen, path);
    const rearmed = seen.next('rearmed');

    await symlink(second, `${path}.new`);
    await rename(`${path}.new`, path);
    await rearmed;

    await expectHearing(seen, path);
    assert.ok((await readdir(second)).includes('probe.yaml'));
  });

  it('hears from a directory that was not there at first', async (t) => {
    const parent = join(await mkdtemp(join(root, 'w-')), 'not', 'yet');
    const path = join(parent, 'manifests');
    const seen = await hints(t, path, QUICK);
    const rearmed = seen.next('rearmed');

    await mkdir(path, { recursive: true });
    await rearmed;

    await expectHearing(seen, path);
  });

  it('hears when a mounted ConfigMap is swapped', async (t) => {
    const path = await directory();
    for (const version of ['..v1', '..v2']) await mkdir(join(path, version));
    await symlink('..v1', join(path, '..data'));
    const seen = await hints(t, path, NEVER);
    const hint = seen.next('changed');

    await symlink('..v2', join(path, '..new'));
    await rename(join(path, '..new'), join(path, '..data'));

    await hint;
  });

  it('says nothing more once it is disposed of', async (t) => {
    const path = await directory();
    const causes: HintCause[] = [];
    const source = createManifestDir({ path, isManifest: isManifestFile, debounceMs: 1, relistMs: 5 });
    const witness = await hints(t, path, NEVER);

    await source.watch((cause) => causes.push(cause)).dispose();
    const before = causes.length;
    await expectHearing(witness, path);

    assert.equal(causes.length, before);
  });
});

/** Three times, since the first hint may be a late one of what went before. */
async function expectHearing(seen: Hints, path: string): Promise<void> {
  for (let i = 0; i < 3; i++) {
    const hint = seen.next('changed');
    await writeFile(join(path, 'probe.yaml'), `${seen.causes.length} ${i}`);
    await hint;
  }
}

async function recreate(path: string): Promise<void> {
  await rm(path, { recursive: true });
  await mkdir(path);
}

async function swap(path: string): Promise<void> {
  await mkdir(`${path}.new`);
  await rename(path, `${path}.old`);
  await rename(`${path}.new`, path);
}
