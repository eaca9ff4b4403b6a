import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReasonedError } from '../../../src/api/errors.ts';
import { imageSpec } from '../../../src/api/image/spec.ts';
import { createImageReconciler } from '../../../src/controllers/image/reconciler.ts';
import { createJobs } from '../../../src/controllers/jobs.ts';
import type { FetchOptions, StoredImage } from '../../../src/drivers/images.ts';
import { createStore } from '../../../src/engine/store.ts';
import { createFakeClock, settle } from '../../engine/fake-clock.ts';
import { createBed, type Bed } from '../bed.ts';
import type { KindMap } from '../../../src/api/meta.ts';

function withImage(fields: Record<string, unknown> = {}): Bed {
  const bed = createBed();
  bed.apply('Image', 'debian', fields);
  return bed;
}

/** Passes until nothing changes; failures are what the back-off is about. */
async function looks(bed: Bed, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await bed.pass('Image', 'debian').catch(() => undefined);
    await bed.clock.advance(1000);
  }
}

describe('an Image', () => {
  it('is fetched once, and then says where it is and what it is', async () => {
    const bed = withImage();

    await bed.converge();

    assert.deepEqual(
      bed.world.calls.filter((call) => call.startsWith('fetch')),
      ['fetch debian'],
    );
    const { path, format, sha256, virtualSize } = bed.object('Image', 'debian').status;
    assert.deepEqual([path, format, sha256, virtualSize], ['/images/debian.qcow2', 'qcow2', 'aa', 1]);
    assert.equal(bed.ready('Image', 'debian'), 'True Stored');
  });

  it('stays as it was fetched, whatever happens to its source', async () => {
    const bed = withImage();
    await bed.converge();
    bed.world.broken.set('fetch', new ReasonedError('SourceNotFound', 'gone'));

    await bed.converge();

    assert.equal(bed.ready('Image', 'debian'), 'True Stored');
  });

  it('is fetched anew when its manifest says another source, and is not Ready meanwhile', async () => {
    const bed = withImage();
    await bed.converge();
    bed.apply('Image', 'debian', { source: '/srv/images/other.qcow2' });

    await bed.pass('Image', 'debian');
    assert.equal(bed.ready('Image', 'debian'), 'False Starting');
    await bed.converge();

    assert.equal(bed.world.stored.get('debian')?.source, '/srv/images/other.qcow2');
    assert.equal(bed.ready('Image', 'debian'), 'True Stored');
  });
});

/** A fetch that goes on until it is given up. */
function heldFetch({ signal }: FetchOptions): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(new ReasonedError('Aborted', 'given up')));
  });
}

describe('an Image that cannot be fetched', () => {
  const fetches = (bed: Bed): number => bed.world.calls.filter((call) => call.startsWith('fetch')).length;

  it('says why, and is tried again later and later', async () => {
    const bed = withImage();
    bed.world.broken.set(
      'fetch',
      new ReasonedError('SourceNotFound', 'cannot fetch image "debian": 404', { hint: 'look' }),
    );

    await looks(bed, 60);

    assert.equal(bed.ready('Image', 'debian'), 'False SourceNotFound');
    assert.equal(bed.condition(['Image', 'debian'], 'Synced')?.status, 'False');
    assert.equal(
      bed.condition(['Image', 'debian'], 'Ready')?.message,
      'cannot fetch image "debian": 404 (look)',
    );
    assert.equal(fetches(bed), 4);
  });

  it('because what came will not do is not fetched again for a quarter of an hour', async () => {
    for (const reason of ['ChecksumMismatch', 'NotAnImage', 'UnsafeImage']) {
      const bed = withImage();
      bed.world.broken.set('fetch', new ReasonedError(reason, 'no'));

      await looks(bed, 895);
      assert.deepEqual([fetches(bed), bed.ready('Image', 'debian')], [1, `False ${reason}`]);
      await looks(bed, 10);
      assert.equal(fetches(bed), 2);
    }
  });

  it('U4: says why while it is tried again, and not that it is about to start', async () => {
    const bed = withImage();
    bed.world.broken.set('fetch', new ReasonedError('SourceUnreachable', 'no such host'));
    await looks(bed, 3);
    bed.world.broken.clear();
    bed.world.fetching = (options) => heldFetch(options);

    await looks(bed, 10);

    assert.deepEqual([fetches(bed), bed.ready('Image', 'debian')], [2, 'False SourceUnreachable']);
  });

  it('U4: says why between the tries of one fetch', async () => {
    const bed = withImage();
    bed.world.fetching = (options) => {
      options.onRetry?.(new ReasonedError('SourceUnreachable', 'no such host'));
      return heldFetch(options);
    };

    await looks(bed, 10);

    assert.deepEqual([fetches(bed), bed.ready('Image', 'debian')], [1, 'False SourceUnreachable']);
  });

  it('U4: ends what is under way and begins anew at once when its manifest changes', async () => {
    const bed = withImage();
    bed.world.fetching = (options) => heldFetch(options);
    await looks(bed, 3);

    bed.world.fetching = undefined;
    bed.apply('Image', 'debian', { source: '/srv/images/other.qcow2' });
    await bed.converge();

    assert.equal(bed.world.stored.get('debian')?.source, '/srv/images/other.qcow2');
    assert.equal(bed.ready('Image', 'debian'), 'True Stored');
  });

  it('U3: is fetched at once when it was removed and made again', async () => {
    const bed = withImage({ checksum: `sha256:${'a'.repeat(64)}` });
    bed.world.broken.set('fetch', new ReasonedError('ChecksumMismatch', 'no'));
    await looks(bed, 3);
    bed.store.remove('Image', 'debian');
    bed.world.broken.clear();

    bed.apply('Image', 'debian');
    await bed.converge();

    assert.equal(bed.ready('Image', 'debian'), 'True Stored');
  });

  it('is tried again at once when its manifest changes', async () => {
    const bed = withImage();
    bed.world.broken.set('fetch', new ReasonedError('ChecksumMismatch', 'no'));
    await looks(bed, 3);

    bed.world.broken.clear();
    bed.apply('Image', 'debian', { source: '/srv/images/other.qcow2' });
    await bed.converge();

    assert.equal(bed.ready('Image', 'debian'), 'True Stored');
  });
});

describe('the progress of a fetch', () => {
  it('is told at most once a second, in words', async () => {
    const clock = createFakeClock();
    let told = 0;
    const jobs = createJobs({ clock, onChange: () => (told += 1) });
    let onProgress: FetchOptions['onProgress'];
    const images = {
      find: () => Promise.resolve(undefined),
      fetch: (_request: unknown, options: FetchOptions = {}): Promise<StoredImage> => {
        ({ onProgress } = options);
        return new Promise<never>(() => undefined);
      },
    };
    const reconciler = createImageReconciler({ images, jobs, clock });
    const store = createStore<KindMap>({ clock });
    const { object } = store.apply('Image', {
      name: 'debian',
      spec: imageSpec.parse({ source: '/i' }),
      hash: '',
    });
    const { signal } = new AbortController();
    const look = await reconciler.look(object, { signal, memory: undefined });
    const [action] = look.plan.actions;
    assert.ok(action);
    await reconciler.execute(action, look, object, signal);
    await settle();

    const GiB = 1024 ** 3;
    for (let piece = 0; piece < 100; piece++)
      onProgress?.({ phase: 'Downloading', bytes: piece, total: GiB });
    assert.equal(told, 1);
    await clock.advance(1000);
    onProgress?.({ phase: 'Downloading', bytes: GiB / 3, total: GiB });
    const known = (await reconciler.look(object, { signal, memory: undefined })).plan.waiting;
    await clock.advance(1000);
    onProgress?.({ phase: 'Unpacking', bytes: 5 * 1024 ** 2 });
    const unknown = (await reconciler.look(object, { signal, memory: undefined })).plan.waiting;

    assert.deepEqual(
      [known, unknown, told],
      [{ reason: 'Downloading', message: '33 % of 1.0 GiB' }, { reason: 'Unpacking', message: '5.0 MiB' }, 3],
    );
  });
});
