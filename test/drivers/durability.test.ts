import assert from 'node:assert/strict';
import { existsSync, readlinkSync } from 'node:fs';
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { createExclusive, writeAtomic } from '../../src/drivers/write-atomic.ts';
import { backing, newDisks } from './disks/fixtures.ts';

let dir: string;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'k8slab-durable-'));
});
after(() => rm(dir, { recursive: true, force: true }));

/** What is synced, in its order, and whether `path` had its name by then. */
async function watchSyncs(t: TestContext, path: string): Promise<{ what: string; named: boolean }[]> {
  const synced: { what: string; named: boolean }[] = [];
  const probe = await open(dir, 'r');
  const prototype = Object.getPrototypeOf(probe) as FileHandle;
  await probe.close();
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
  const { sync } = prototype;
  t.mock.method(prototype, 'sync', function (this: FileHandle) {
    const file = basename(readlinkSync(`/proc/self/fd/${this.fd}`));
    synced.push({ what: file.replace(/[0-9a-f]{12}$/, '*'), named: existsSync(path) });
    return sync.call(this);
  });
  return synced;
}

describe('what survives a power cut', () => {
  it('is a file that was written: first its content, then its name', async (t) => {
    const path = join(dir, 'written');
    const synced = await watchSyncs(t, path);

    await writeAtomic(path, 'content');

    assert.deepEqual(synced, [
      { what: '.written.k8slab-tmp-*', named: false },
      { what: basename(dir), named: true },
    ]);
  });

  it('is a new file that nobody else may have made: likewise', async (t) => {
    const path = join(dir, 'exclusive');
    const synced = await watchSyncs(t, path);

    await createExclusive(path, 'content', 0o600);

    assert.deepEqual(synced, [
      { what: '.exclusive.k8slab-tmp-*', named: false },
      { what: basename(dir), named: true },
    ]);
  });

  it('is a disk: its content, then the marker that says whose it is, then its name', async (t) => {
    const { dir: home, disks } = await newDisks();
    const synced = await watchSyncs(t, disks.path('a'));

    await disks.createOverlay({ node: 'a', backing });

    assert.deepEqual(synced, [
      { what: '.tmp-a.qcow2', named: false },
      { what: '.a.json.k8slab-tmp-*', named: false },
      { what: basename(home), named: false },
      { what: basename(home), named: true },
    ]);
  });
});
