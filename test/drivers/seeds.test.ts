import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { exec } from '../../src/drivers/exec.ts';
import type { Exec } from '../../src/drivers/exec.ts';
import { createSeeds } from '../../src/drivers/seeds.ts';
import type { Seeds } from '../../src/drivers/seeds.ts';

const run = promisify(execFile);
const content = {
  userData: '#cloud-config\nhostname: master00\n# 日本\n',
  metaData: 'instance-id: master00\n',
  networkConfig: 'version: 2\n',
};
const [one, two] = ['1'.repeat(64), '2'.repeat(64)];

let root: string;

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'k8slab-seeds-'));
});

after(() => rm(root, { recursive: true, force: true }));

async function newSeeds(runner: Exec = exec): Promise<{ dir: string; seeds: Seeds }> {
  const dir = join(await mkdtemp(join(root, 'lab-')), 'seeds');
  return { dir, seeds: createSeeds({ dir, exec: runner }) };
}

/** Everything in an ISO, by name, as a guest sees it. */
async function contentOf(iso: string): Promise<Record<string, string>> {
  const out = await mkdtemp(join(root, 'out-'));
  await run('xorriso', ['-osirrox', 'on', '-indev', iso, '-extract', '/', join(out, 'tree')]);
  const names = await readdir(join(out, 'tree'));
  const files = names.map(async (name) => [name, await readFile(join(out, 'tree', name), 'utf8')]);
  return Object.fromEntries(await Promise.all(files)) as Record<string, string>;
}

async function label(iso: string): Promise<string> {
  const head = await readFile(iso);
  return head.toString('latin1', 32768 + 40, 32768 + 72).trim();
}

/** Times in an ISO are whole seconds. */
async function nextSecond(): Promise<void> {
  const second = Math.floor(Date.now() / 1000);
  while (Math.floor(Date.now() / 1000) === second) await delay(10);
}

function without(...missing: string[]): Exec {
  return (argv, options) => {
    const there = !missing.includes(argv[0] ?? '');
    return exec(there ? argv : [`/nonexistent/${argv[0] ?? ''}`, ...argv.slice(1)], options);
  };
}

describe('a seed', () => {
  it('is a NoCloud ISO with exactly the files given, for root only', async () => {
    const { dir, seeds } = await newSeeds();

    const path = await seeds.write('master00', one, content);

    assert.equal(path, join(dir, 'master00-111111111111.iso'));
    assert.equal(path, seeds.path('master00', one));
    assert.equal(await label(path), 'cidata');
    assert.deepEqual(await contentOf(path), {
      'user-data': content.userData,
      'meta-data': content.metaData,
      'network-config': content.networkConfig,
    });
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(dir), ['master00-111111111111.iso']);
  });

  it('is the same bytes for the same content at another time', async () => {
    const [a, b] = [await newSeeds(), await newSeeds()];
    const vendorData = '#cloud-config\n';

    const first = await a.seeds.write('master00', one, { ...content, vendorData });
    await nextSecond();
    const second = await b.seeds.write('master00', one, { ...content, vendorData });

    assert.ok((await readFile(first)).equals(await readFile(second)));
    assert.equal((await contentOf(first))['vendor-data'], vendorData);
  });

  it('replaces the node’s other seeds but the one to keep, and none of another node', async () => {
    const { dir, seeds } = await newSeeds();
    const running = await seeds.write('node', one, content);
    await seeds.write('node-2', one, content);
    await seeds.write('node', two, content, { keep: running });
    assert.equal((await readdir(dir)).length, 3);

    await seeds.write('node', '3'.repeat(64), content);

    assert.deepEqual((await readdir(dir)).sort(), ['node-2-111111111111.iso', 'node-333333333333.iso']);
    assert.deepEqual([await seeds.exists('node', one), await seeds.exists('node-2', one)], [false, true]);
    assert.equal(await seeds.has('node'), true);
    await seeds.remove('node');
    assert.deepEqual(await readdir(dir), ['node-2-111111111111.iso']);
    assert.deepEqual([await seeds.has('node'), await seeds.has('node-2')], [false, true]);
  });

  it('leaves no secrets of a killed run about', async () => {
    const { dir, seeds } = await newSeeds();
    await mkdir(join(dir, '.tmp-node.abcdef', 'tree'), { recursive: true });
    await writeFile(join(dir, '.tmp-node.abcdef', 'tree', 'user-data'), 'secret');

    await seeds.write('node', one, content);

    assert.deepEqual(await readdir(dir), ['node-111111111111.iso']);
  });

  it('R20: goes with its Node also where a killed run left but the beginning of it', async () => {
    const { dir, seeds } = await newSeeds();
    for (const node of ['node', 'node-2']) await mkdir(join(dir, `.tmp-${node}.abcdef`), { recursive: true });

    assert.deepEqual([await seeds.has('node'), await seeds.has('nod')], [true, false]);
    await seeds.remove('node');

    assert.deepEqual(await readdir(dir), ['.tmp-node-2.abcdef']);
    assert.equal(await seeds.has('node'), false);
  });

  it('is half made under no name', async () => {
    const { dir, seeds } = await newSeeds(async (argv, options) => {
      await exec(argv, options);
      return exec(['sh', '-c', 'echo bad luck >&2; exit 5'], options);
    });

    await assert.rejects(seeds.write('node', one, content), { reason: 'SeedFailed', message: /bad luck/ });

    assert.deepEqual(await readdir(dir), []);
    assert.equal(await seeds.exists('node', one), false);
  });

  it('is made by genisoimage where there is no xorriso, and names xorriso where there is neither', async () => {
    const { seeds } = await newSeeds(without('xorriso'));
    const none = await newSeeds(without('xorriso', 'genisoimage'));

    const path = await seeds.write('node', one, content);

    assert.equal(await label(path), 'cidata');
    assert.equal((await contentOf(path))['user-data'], content.userData);
    await assert.rejects(none.seeds.write('node', one, content), {
      reason: 'CommandNotFound',
      hint: /package xorriso/,
    });
  });
});
