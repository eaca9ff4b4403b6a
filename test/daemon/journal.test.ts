import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { condition, mergeConditions } from '../../src/api/conditions.ts';
import type { KindMap } from '../../src/api/meta.ts';
import { imageSpec } from '../../src/api/image/spec.ts';
import type { ObjectStore } from '../../src/controllers/objects.ts';
import { openJournal, type Journal } from '../../src/daemon/journal.ts';
import { createStore } from '../../src/engine/store.ts';
import { createFakeClock, settle, type FakeClock } from '../engine/fake-clock.ts';
import { createRecordingLogger, type RecordingLogger } from '../engine/recording-logger.ts';

const START = Date.UTC(2026, 0, 1);
const DAY = 86_400_000;

interface Disk {
  text: string | undefined;
  writes: number;
  full: boolean;
  /** The next write ends when this is called. */
  hold?: { release: () => void };
}

interface Run {
  readonly journal: Journal;
  readonly store: ObjectStore;
  readonly clock: FakeClock;
  readonly log: RecordingLogger;
}

function createDisk(text?: string): Disk {
  return { text, writes: 0, full: false };
}

/** A daemon's life on that disk, begun at `startMs`. */
async function run(disk: Disk, startMs = START, mayExist = /^never$/): Promise<Run> {
  const [clock, log] = [createFakeClock(startMs), createRecordingLogger()];
  const files = {
    readIfExists: () => Promise.resolve(disk.text),
    async writeAtomic(_path: string, text: string) {
      if (disk.full) throw new Error('no space left on device');
      const { hold } = disk;
      delete disk.hold;
      if (hold !== undefined) await new Promise<void>((resolve) => (hold.release = resolve));
      disk.text = text;
      disk.writes += 1;
    },
  };
  const journal = await openJournal({ path: '/var/lib/k8slab/objects.json', files, clock, log });
  const store: ObjectStore = createStore<KindMap>({
    clock,
    firstVersion: journal.firstVersion,
    remembered: (kind, name) => journal.birth(kind, name),
  });
  journal.follow(store, (ref) => mayExist.test(ref));
  return { journal, store, clock, log };
}

function apply({ store }: Run, name = 'debian'): ReturnType<ObjectStore['apply']>['object'] {
  return store.apply('Image', { name, spec: imageSpec.parse({ source: '/i' }), hash: '1' }).object;
}

describe('the ages of objects', () => {
  it('U10: are those of the run before, with their uids and the times of their conditions', async () => {
    const disk = createDisk();
    const first = await run(disk);
    const { metadata } = apply(first);
    const conditions = mergeConditions([], [condition('Ready', 'True', 'Stored')], '2026-01-01T00:00:00Z', 1);
    first.store.updateStatus('Image', 'debian', metadata.uid, { conditions });
    await first.journal.dispose();

    const second = await run(disk, START + DAY);
    const object = apply(second);

    assert.equal(object.metadata.creationTimestamp, '2026-01-01T00:00:00Z');
    assert.equal(object.metadata.uid, metadata.uid);
    assert.deepEqual(
      second.journal
        .conditions(object)
        .map(({ type, status, lastTransitionTime }) => [type, status, lastTransitionTime]),
      [['Ready', 'True', '2026-01-01T00:00:00Z']],
    );
    assert.deepEqual(object.status.conditions, [], 'it is not known to be Ready before it was looked at');
  });

  it('outlive a run that looked at nothing', async () => {
    const disk = createDisk();
    const first = await run(disk);
    const { uid } = apply(first).metadata;
    const conditions = mergeConditions([], [condition('Ready', 'True', 'Stored')], '2026-01-01T00:00:00Z', 1);
    first.store.updateStatus('Image', 'debian', uid, { conditions });
    await first.journal.dispose();

    const unread = await run(disk, START + DAY, /^Image\/debian$/);
    await unread.journal.dispose();
    const unseen = await run(disk, START + 2 * DAY);
    apply(unseen);
    await unseen.journal.dispose();
    const last = await run(disk, START + 3 * DAY);

    assert.equal(last.journal.conditions(apply(last)).length, 1);
  });

  it('go with the object, so that one that is made anew is young', async () => {
    const disk = createDisk();
    const first = await run(disk);
    apply(first);
    first.store.remove('Image', 'debian');
    await first.journal.dispose();

    const second = await run(disk, START + DAY);

    assert.equal(apply(second).metadata.creationTimestamp, '2026-01-02T00:00:00Z');
  });

  it('are forgotten of what is known to be gone, so that the file does not grow', async () => {
    const disk = createDisk();
    const first = await run(disk);
    apply(first);
    await first.journal.dispose();

    const second = await run(disk);
    apply(second, 'other');
    await second.journal.dispose();
    await (await run(disk, START, /^Image\/other$/)).journal.dispose();

    assert.deepEqual(Object.keys((JSON.parse(disk.text ?? '') as { objects: object }).objects), [
      'Image/other',
    ]);
  });

  it('of the end of a run are not overwritten by a write that began before', async () => {
    const disk = createDisk();
    const first = await run(disk);
    apply(first);
    const hold = (disk.hold = { release: () => undefined });
    await first.clock.advance(31_000);
    apply(first, 'other');

    const disposed = first.journal.dispose();
    await settle();
    hold.release();
    await disposed;
    await settle();

    assert.match(disk.text ?? '', /Image\/other/);
  });

  it('are written some time after a change, once for many, and never when nothing changed', async () => {
    const disk = createDisk();
    const { store, clock } = await run(disk);
    for (let index = 0; index < 100; index += 1) apply({ store } as Run, `i${index}`);

    await clock.advance(31_000);
    assert.equal(disk.writes, 1);
    await clock.advance(3_600_000);

    assert.equal(disk.writes, 1);
    assert.equal(clock.pendingTimers(), 0);
  });

  for (const [name, text] of [
    ['lost', undefined],
    ['no JSON', 'x'],
    ['of another shape', '{"version": "1"}'],
    ['at a version that can hardly rise', `{"version": ${Number.MAX_SAFE_INTEGER}, "objects": {}}`],
  ] as const) {
    it(`start anew, and nothing else does, when the file is ${name}`, async () => {
      const begun = await run(createDisk(text));

      assert.equal(apply(begun).metadata.creationTimestamp, '2026-01-01T00:00:00Z');
      assert.equal(begun.log.lines.length, text === undefined ? 0 : 1);
    });
  }

  it('that cannot be written are told once, and written when there is room again', async () => {
    const disk = createDisk();
    const { store, clock, log } = await run(disk);
    disk.full = true;
    for (const name of ['a', 'b']) {
      apply({ store } as Run, name);
      await clock.advance(31_000);
    }
    assert.deepEqual(
      log.lines.map(({ message }) => message),
      ['cannot keep the ages of objects'],
    );
    disk.full = false;
    apply({ store } as Run, 'c');
    await clock.advance(31_000);

    assert.equal(disk.writes, 1);
  });
});

describe('resource versions', () => {
  for (const [name, start, lost] of [
    ['a later run', START + 1000, false],
    ['a run after the clock was set back a year', START - 365 * DAY, false],
    ['a later run that lost its state directory', START + 1000, true],
  ] as const) {
    it(`of ${name} are above all before, so that an old one is known to be old`, async () => {
      const disk = createDisk();
      const first = await run(disk);
      for (let index = 0; index < 500; index += 1) apply(first, `i${index}`);
      const old = first.store.version();
      await first.journal.dispose();
      if (lost) disk.text = undefined;

      const second = await run(disk, start);
      apply(second);

      assert.ok(Number(second.store.version()) > Number(old));
      assert.ok(Number.isSafeInteger(Number(second.store.version())));
      assert.throws(() => second.store.watch(old, () => undefined), { reason: 'Expired' });
    });
  }

  it('stay numbers that are safe, however often the daemon is started in a row', async () => {
    const disk = createDisk();
    let last = 0;
    for (let start = 0; start < 100; start += 1) {
      const each = await run(disk, START + start * 2000);
      apply(each, `i${start}`);
      last = Number(each.store.version());
      await each.journal.dispose();
    }

    assert.ok(last < (START + 100 * 2000 + 10_000) * 1000, 'they do not run ahead of the clock');
  });
});
