import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import { cached, ingredient, recipeKey, staleVersions } from './cache.ts';
import type { Recipe } from './cache.ts';

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'lab-cache-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

function fileRecipe(build: Recipe['build']): Recipe {
  return { name: 'thing', ingredients: ['a'], build };
}

test('a recipe has another key when any ingredient differs, or where one ends', () => {
  const keys = [['ab', 'c'], ['a', 'bc'], ['abc'], ['ab', 'd']].map(recipeKey);

  assert.equal(new Set(keys).size, keys.length);
  assert.equal(recipeKey(['ab', 'c']), keys[0]);
});

test('a directory is another ingredient when a name, a content or an executable bit in it changes', (t) => {
  const directory = scratch(t);
  mkdirSync(join(directory, 'etc'));
  const file = join(directory, 'etc/rc');
  const seen: string[] = [];

  writeFileSync(file, 'one');
  seen.push(ingredient(directory));
  writeFileSync(file, 'two');
  seen.push(ingredient(directory));
  chmodSync(file, 0o755);
  seen.push(ingredient(directory));
  renameSync(file, join(directory, 'etc/rc2'));
  seen.push(ingredient(directory));

  assert.equal(new Set(seen).size, seen.length);
});

test('two runs that want the same artefact build it once', async (t) => {
  const directory = scratch(t);
  let builds = 0;
  const recipe = fileRecipe(async (path) => {
    builds += 1;
    writeFileSync(path, 'whole');
    await Promise.resolve();
  });
  const options = { directory, report: () => undefined };

  const paths = await Promise.all([cached(recipe, options), cached(recipe, options)]);

  assert.equal(builds, 1);
  assert.equal(paths[0], paths[1]);
});

test('a build that fails leaves no artefact, and what a killed one left is not taken for whole', async (t) => {
  const directory = scratch(t);
  const options = { directory, report: () => undefined };
  const broken = fileRecipe((path) => {
    writeFileSync(path, 'half');
    return Promise.reject(new Error('no space'));
  });

  await assert.rejects(cached(broken, options), /no space/);
  mkdirSync(join(directory, `thing-${recipeKey(['a'])}.tmp/work/rest`), { recursive: true });
  const path = await cached(
    fileRecipe((out, work) => {
      assert.deepEqual(readdirSync(work), []);
      writeFileSync(out, 'whole');
      return Promise.resolve();
    }),
    options,
  );

  assert.ok(existsSync(path));
  assert.ok(!existsSync(`${path}.tmp`));
});

test('only versions of the same artefact that nobody used for three days are stale', () => {
  const now = 10 * 24 * 3600 * 1000;
  const long = now - 4 * 24 * 3600 * 1000;
  const entries = [
    { name: 'guest-tiny-000000000000', usedMs: long },
    { name: 'guest-tiny-111111111111', usedMs: now - 1000 },
    { name: 'guest-tiny-222222222222', usedMs: long },
    { name: 'guest-tiny-222222222222.lock', usedMs: long },
    { name: 'guest-debian-000000000000', usedMs: long },
    { name: 'labs', usedMs: long },
  ];

  assert.deepEqual(staleVersions(entries, 'guest-tiny-222222222222', now), ['guest-tiny-000000000000']);
});
