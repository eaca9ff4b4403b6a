import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { newStore, qcow2 } from './fixtures.ts';

describe('removing an image', () => {
  it('takes its files and all that is noted about it, and nothing of an image whose name begins alike', async () => {
    const { dir, store } = await newStore();
    await store.fetch({ name: 'debian', source: await qcow2('x.qcow2') });
    await store.fetch({ name: 'debian-12', source: await qcow2('x.qcow2') });
    await writeFile(join(dir, '.debian.part'), 'half');
    const { files, known } = await store.leftovers('debian');
    assert.deepEqual([files.length, known], [1, true]);

    await store.remove('debian', { files, forget: true });

    assert.equal(await store.find('debian'), undefined);
    assert.deepEqual(await store.leftovers('debian'), { files: [], known: false });
    assert.ok(await store.find('debian-12'));
    assert.ok((await readdir(dir)).every((name) => name.includes('debian-12')));
  });

  it('keeps what is noted about it while a file of it stays', async () => {
    const { store } = await newStore();
    await store.fetch({ name: 'debian', source: await qcow2('x.qcow2') });

    await store.remove('debian', { files: [], forget: false });

    assert.ok(await store.find('debian'));
  });

  it('removes no file that is not the image’s', async () => {
    const { dir, store } = await newStore();
    await store.fetch({ name: 'debian', source: await qcow2('x.qcow2') });
    const files = [join(dir, 'debian.json')];

    await assert.rejects(store.remove('debian', { files, forget: true }), { reason: 'InvalidValue' });
    assert.ok(await store.find('debian'));
    const empty = await newStore();
    assert.deepEqual(await empty.store.leftovers('debian'), { files: [], known: false });
  });
});
