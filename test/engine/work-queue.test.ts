import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWorkQueue, type QueueMetrics, type WorkQueue } from '../../src/engine/work-queue.ts';
import { createFakeClock, settle, type FakeClock } from './fake-clock.ts';

function createQueue(metrics?: QueueMetrics): { queue: WorkQueue; clock: FakeClock } {
  const clock = createFakeClock();
  const watched = metrics === undefined ? {} : { metrics: { queue: () => metrics } };
  return { clock, queue: createWorkQueue({ name: 'test', clock, random: () => 0.5, ...watched }) };
}

/** The key that get() yields without waiting for anything, or 'nothing'. */
function take(queue: WorkQueue): Promise<string | undefined> {
  return Promise.race([queue.get(), settle().then(() => 'nothing')]);
}

/** How many keys wait for a worker, of whatever priority. */
function ready(queue: WorkQueue): number {
  const { edit, event, resync } = queue.figures().depth;
  return edit + event + resync;
}

test('keys come out in the order they were added, each once', async () => {
  const { queue } = createQueue();

  for (const key of ['b', 'a', 'b', 'c', 'a']) queue.add(key);

  assert.deepEqual([await queue.get(), await queue.get(), await queue.get()], ['b', 'a', 'c']);
  assert.equal(await take(queue), 'nothing');
});

test('a key added while in work comes back once, after done', async () => {
  const { queue } = createQueue();
  queue.add('a');
  await queue.get();

  queue.add('a');
  queue.add('a');
  const next = queue.get();

  assert.equal(await Promise.race([next, settle().then(() => 'nothing')]), 'nothing');
  queue.done('a');
  assert.equal(await next, 'a');
  queue.done('a');
  assert.equal(await take(queue), 'nothing');
});

test('done of a key that is not in work changes nothing', async () => {
  const { queue } = createQueue();
  queue.add('a');

  queue.done('a');

  assert.equal(await take(queue), 'a');
  assert.equal(await take(queue), 'nothing');
});

test('waiting workers are served in their order', async () => {
  const { queue } = createQueue();
  const [first, second] = [queue.get(), queue.get()];

  queue.add('a');
  queue.add('b');

  assert.deepEqual([await first, await second], ['a', 'b']);
});

test('a delayed key comes out when its time has come, not before', async () => {
  const { queue, clock } = createQueue();
  queue.addAfter('a', 100);

  await clock.advance(99);
  assert.equal(ready(queue), 0);
  await clock.advance(1);

  assert.equal(ready(queue), 1);
  assert.equal(clock.pendingTimers(), 0);
});

test('a delayed key only ever moves earlier', async () => {
  const { queue, clock } = createQueue();
  queue.addAfter('a', 100);
  queue.addAfter('a', 500);
  queue.addAfter('b', 500);
  queue.addAfter('b', 100);

  await clock.advance(100);
  assert.equal(ready(queue), 2);
  queue.done((await queue.get()) ?? '');
  queue.done((await queue.get()) ?? '');
  await clock.advance(1000);

  assert.equal(ready(queue), 0);
});

test('keys due at different times come out at theirs', async () => {
  const { queue, clock } = createQueue();
  for (const [key, delay] of [
    ['c', 300],
    ['a', 100],
    ['b', 200],
  ] as const) {
    queue.addAfter(key, delay);
  }

  await clock.advance(250);
  assert.deepEqual([await queue.get(), await queue.get()], ['a', 'b']);
  assert.equal(ready(queue), 0);
  await clock.advance(50);

  assert.equal(await queue.get(), 'c');
});

test('a delay of nothing, or that is no number, adds at once', async () => {
  const { queue } = createQueue();

  for (const [key, delay] of Object.entries({ a: 0, b: -5, c: Number.NaN })) queue.addAfter(key, delay);

  assert.deepEqual([await take(queue), await take(queue), await take(queue)], ['a', 'b', 'c']);
});

test('a step of the wall clock neither delays nor hastens a delayed key', async () => {
  const { queue, clock } = createQueue();
  queue.addAfter('a', 100);

  clock.step(-3_600_000);
  await clock.advance(100);

  assert.equal(ready(queue), 1);
});

test('a rate-limited key waits for its back-off, until it is forgotten', async () => {
  const { queue, clock } = createQueue();

  assert.equal(queue.addRateLimited('a'), 1000);
  await clock.advance(1000);
  queue.done((await queue.get()) ?? '');
  assert.equal(queue.addRateLimited('a'), 2000);
  assert.equal(queue.numRequeues('a'), 2);
  await clock.advance(1999);
  assert.equal(ready(queue), 0);
  await clock.advance(1);
  assert.equal(ready(queue), 1);
  queue.forget('a');

  assert.equal(queue.numRequeues('a'), 0);
  assert.equal(queue.addRateLimited('a'), 1000);
});

test('after shutDown nothing is taken on, what is ready still goes out, then get yields undefined', async () => {
  const { queue, clock } = createQueue();
  queue.add('a');
  queue.addAfter('b', 100);

  await queue.shutDown();
  assert.equal(clock.pendingTimers(), 0);
  queue.add('c');
  queue.addAfter('d', 1);
  queue.addRateLimited('e');
  await clock.advance(10_000);

  assert.equal(await queue.get(), 'a');
  assert.equal(await queue.get(), undefined);
  assert.equal(clock.pendingTimers(), 0);
});

test('shutDown wakes the workers that wait', async () => {
  const { queue } = createQueue();
  const waiting = [queue.get(), queue.get()];

  await queue.shutDown();

  assert.deepEqual(await Promise.all(waiting), [undefined, undefined]);
});

test('shutDown with drain waits for what is in work and what was added meanwhile', async () => {
  const { queue } = createQueue();
  queue.add('a');
  await queue.get();
  queue.add('a');
  let drained = false;

  const draining = queue.shutDown({ drain: true }).then(() => (drained = true));
  queue.done('a');
  assert.equal(await queue.get(), 'a');
  await settle();
  assert.equal(drained, false);
  queue.done('a');
  await draining;

  assert.equal(drained, true);
});

test('shutDown with drain of an idle queue ends at once', async () => {
  const { queue } = createQueue();

  await queue.shutDown({ drain: true });

  assert.equal(await queue.get(), undefined);
});

test('figures count ready keys only, and the ages of those in work', async () => {
  const { queue, clock } = createQueue();
  queue.add('a');
  queue.add('b');
  queue.add('c');
  queue.addAfter('d', 60_000);
  await queue.get();
  await clock.advance(2000);
  await queue.get();
  await clock.advance(1000);

  assert.deepEqual(queue.figures(), {
    depth: { edit: 0, event: 1, resync: 0 },
    unfinishedSeconds: 4,
    longestRunningSeconds: 3,
  });
});

test('adds are counted after de-duplication, delayed adds as retries, times from add to get to done', async () => {
  const counted = { added: 0, retried: 0 };
  const waited: number[] = [];
  const worked: number[] = [];
  const { queue, clock } = createQueue({
    added: () => (counted.added += 1),
    retried: () => (counted.retried += 1),
    waited: (seconds) => void waited.push(seconds),
    worked: (seconds) => void worked.push(seconds),
    watch: () => undefined,
  });
  queue.add('a');
  queue.add('a');
  await clock.advance(2000);
  queue.add('a');

  queue.done((await queue.get()) ?? '');
  queue.addAfter('a', 1000);
  queue.addRateLimited('a');
  await clock.advance(1500);
  await queue.get();
  await clock.advance(3000);
  queue.done('a');

  assert.deepEqual(counted, { added: 2, retried: 2 });
  assert.deepEqual(waited, [2, 0.5]);
  assert.deepEqual(worked, [0, 3]);
});

test('an edit goes before what happened, and that before a thousand that are only looked at again', async () => {
  const { queue } = createQueue();
  for (let index = 0; index < 1000; index += 1) queue.add(`old-${index}`, 'resync');

  queue.add('happened');
  queue.add('edited', 'edit');

  assert.deepEqual(
    [await queue.get(), await queue.get(), await queue.get()],
    ['edited', 'happened', 'old-0'],
  );
});

test('a key that waits already is raised by a higher priority, and never lowered', async () => {
  const { queue } = createQueue();
  for (const key of ['a', 'b', 'c']) queue.add(key, 'resync');

  queue.add('c', 'edit');
  queue.add('c', 'resync');
  queue.add('b', 'event');

  assert.deepEqual(queue.figures().depth, { edit: 1, event: 1, resync: 1 });
  assert.deepEqual([await queue.get(), await queue.get(), await queue.get()], ['c', 'b', 'a']);
});

test('a key edited while in work comes back as an edit', async () => {
  const { queue } = createQueue();
  queue.add('a', 'resync');
  await queue.get();

  queue.add('a', 'resync');
  queue.add('a', 'edit');
  queue.add('b');
  queue.done('a');

  assert.deepEqual([await queue.get(), await queue.get()], ['a', 'b']);
});

test('a worker that is kept for edits and events leaves the others to the rest', async () => {
  const { queue } = createQueue();
  const kept = queue.get('event');
  const any = queue.get();

  queue.add('looked-at-again', 'resync');
  assert.equal(await any, 'looked-at-again');
  queue.add('other', 'resync');
  queue.add('edited', 'edit');

  assert.equal(await kept, 'edited');
  assert.deepEqual(queue.figures().depth, { edit: 0, event: 0, resync: 1 });
});

test('a raise of a key in work does not wake a worker for nothing', async () => {
  const { queue } = createQueue();
  queue.add('a', 'resync');
  await queue.get();
  queue.add('a', 'resync');
  const [first, second] = [queue.get(), queue.get()];

  queue.add('a', 'edit');
  queue.add('b', 'edit');
  queue.done('a');

  assert.deepEqual([await first, await second], ['b', 'a']);
});

test('what goes on at once goes on as what it was taken for, what comes back later as looked at again', async () => {
  const { queue, clock } = createQueue();
  for (const key of ['now', 'failed', 'later']) queue.add(key, 'edit');
  for (let index = 0; index < 3; index += 1) await queue.get();

  queue.addAfter('now', 0);
  queue.addRateLimited('failed');
  queue.addAfter('later', 1000);
  for (const key of ['now', 'failed', 'later']) queue.done(key);
  await clock.advance(1000);

  assert.deepEqual(queue.figures().depth, { edit: 2, event: 0, resync: 1 });
});

test('a look that was put off is called off by one that comes before', async () => {
  const { queue, clock } = createQueue();
  queue.addAfter('a', 1000);
  queue.add('a');

  queue.done((await queue.get()) ?? '');
  await clock.advance(10_000);

  assert.equal(ready(queue), 0);
  assert.equal(clock.pendingTimers(), 0);
});
