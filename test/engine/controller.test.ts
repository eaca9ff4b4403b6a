import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReasonedError } from '../../src/api/errors.ts';
import {
  createController,
  TerminalError,
  type Controller,
  type Outcome,
  type PassContext,
  type Reconcile,
  type Result,
} from '../../src/engine/controller.ts';
import { createWorkQueue, type WorkQueue } from '../../src/engine/work-queue.ts';
import { createFakeClock, settle, type FakeClock } from './fake-clock.ts';
import { createRecordingLogger, type RecordingLogger } from './recording-logger.ts';

interface Bed {
  readonly clock: FakeClock;
  readonly queue: WorkQueue;
  readonly controller: Controller;
  readonly log: RecordingLogger;
  readonly outcomes: Outcome['kind'][];
  /** Start of each pass: `key@milliseconds`. */
  readonly starts: string[];
}

function createBed(reconcile: Reconcile, options: { workers?: number; timeoutMs?: number } = {}): Bed {
  const clock = createFakeClock();
  const queue = createWorkQueue({ name: 'node', clock, random: () => 0.5 });
  const log = createRecordingLogger();
  const outcomes: Outcome['kind'][] = [];
  const starts: string[] = [];
  let id = 0;
  const controller = createController({
    name: 'node',
    queue,
    clock,
    log,
    newId: () => `id-${(id += 1)}`,
    metrics: {
      controller: () => ({ passStarted: () => undefined, passEnded: (kind) => outcomes.push(kind) }),
    },
    reconcile(key, context) {
      starts.push(`${key}@${clock.monotonic()}`);
      return reconcile(key, context);
    },
    ...options,
  });
  return { clock, queue, controller, log, outcomes, starts };
}

/** Ends when its signal is aborted, as a well-behaved pass does. */
function untilAborted(_key: string, { signal }: PassContext): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
}

function throwing(error: unknown): Reconcile {
  return () => Promise.reject(error);
}

test('{} ends the matter and resets the back-off', async () => {
  const { clock, queue, controller, starts, outcomes } = createBed(() => Promise.resolve({}));
  queue.addRateLimited('a');
  controller.start();

  await clock.advance(3_600_000);

  assert.deepEqual(starts, ['a@1000']);
  assert.deepEqual(outcomes, ['success']);
  assert.equal(queue.numRequeues('a'), 0);
});

test('{ requeueAfterMs } brings the key back after that time and resets the back-off', async () => {
  const { clock, queue, controller, starts, outcomes } = createBed(() =>
    Promise.resolve({ requeueAfterMs: 30_000 }),
  );
  queue.addRateLimited('a');
  controller.start();

  await clock.advance(65_000);

  assert.deepEqual(starts, ['a@1000', 'a@31000', 'a@61000']);
  assert.deepEqual(new Set(outcomes), new Set(['requeue_after']));
  assert.equal(queue.numRequeues('a'), 0);
});

test('a failing key comes back with doubling delays, up to a minute', async () => {
  const failing = throwing(new ReasonedError('LibvirtDown', 'cannot reach libvirtd', { hint: 'start it' }));
  const { clock, queue, controller, log, starts, outcomes } = createBed(failing);
  queue.add('a');
  controller.start();

  await clock.advance(180_000);
  const line = log.lines.find(({ level }) => level === 'warn');

  assert.deepEqual(
    starts.map((start) => Number(start.slice(2)) / 1000),
    [0, 1, 3, 7, 15, 31, 63, 123],
  );
  assert.deepEqual(new Set(outcomes), new Set(['error']));
  assert.equal(line?.message, 'pass failed');
  assert.equal(line.fields['why'], 'cannot reach libvirtd (start it)');
  assert.equal(line.fields['reason'], 'LibvirtDown');
  assert.equal(line.fields['retryInMs'], 1000);
});

test('a terminal error is not retried, but the next change is looked at', async () => {
  const { clock, queue, controller, log, starts, outcomes } = createBed(
    throwing(new TerminalError('Bad', 'no')),
  );
  queue.add('a');
  controller.start();
  await clock.advance(3_600_000);

  queue.add('a');
  await clock.advance(0);

  assert.deepEqual(starts, ['a@0', 'a@3600000']);
  assert.deepEqual(outcomes, ['terminal', 'terminal']);
  assert.match(log.lines.find(({ level }) => level === 'warn')?.message ?? '', /not retried/);
});

const thrown: { thrown: unknown; kind: Outcome['kind']; reason: string }[] = [
  { thrown: new TypeError('x is undefined'), kind: 'panic', reason: 'nobody throws a TypeError on purpose' },
  { thrown: new RangeError('x'), kind: 'panic', reason: 'nor a RangeError' },
  { thrown: 'a string', kind: 'panic', reason: 'only errors may be thrown' },
  { thrown: undefined, kind: 'panic', reason: 'only errors may be thrown' },
  {
    thrown: new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') }),
    kind: 'error',
    reason: 'a dead network is no bug',
  },
  { thrown: new Error('plain'), kind: 'error', reason: 'the world failed' },
  {
    thrown: new ReasonedError('X', 'y', { cause: new TypeError('z') }),
    kind: 'error',
    reason: 'it was meant',
  },
];

for (const { thrown: error, kind, reason } of thrown) {
  test(`a pass that throws ${String(error)} counts as ${kind} and is retried: ${reason}`, async () => {
    const { clock, queue, controller, outcomes, log } = createBed(throwing(error));
    queue.add('a');
    controller.start();

    await clock.advance(1000);

    assert.deepEqual(outcomes, [kind, kind]);
    assert.equal(log.lines.filter(({ level }) => level === (kind === 'panic' ? 'error' : 'warn')).length, 2);
  });
}

test('a pass that throws before it returns a promise takes nothing down', async () => {
  const { clock, queue, controller, starts } = createBed((key) => {
    if (key === 'bad') throw new TypeError('bug');
    return Promise.resolve({});
  });
  queue.add('bad');
  queue.add('good');
  controller.start();

  await clock.advance(1000);

  assert.deepEqual(starts, ['bad@0', 'good@0', 'bad@1000']);
});

test('a pass that outruns its time is aborted, counted and retried', async () => {
  const { clock, queue, controller, starts, outcomes, log } = createBed(untilAborted, { timeoutMs: 5000 });
  queue.add('a');
  controller.start();

  await clock.advance(6000);

  assert.deepEqual(starts, ['a@0', 'a@6000']);
  assert.deepEqual(outcomes, ['timeout']);
  const line = log.lines.find(({ level }) => level === 'warn');
  assert.equal(line?.fields['why'], 'cannot reconcile node "a": not done after 5 s');
  assert.equal(line.fields['reason'], 'ReconcileTimeout');
});

test('what an overdue pass completed all the same stands', async () => {
  function slow(key: string, context: PassContext): Promise<Result> {
    return untilAborted(key, context).catch(() => ({}));
  }
  const { clock, queue, controller, outcomes } = createBed(slow, { timeoutMs: 5000 });
  queue.add('a');
  controller.start();

  await clock.advance(60_000);

  assert.deepEqual(outcomes, ['success']);
});

test('a pass that ignores its abort holds up neither other keys nor ever runs twice', async () => {
  const hung = Promise.withResolvers<Record<string, never>>();
  function reconcile(key: string): Promise<Result> {
    return key === 'hung' ? hung.promise : Promise.resolve({});
  }
  const { clock, queue, controller, starts, log } = createBed(reconcile, { timeoutMs: 5000 });
  queue.add('hung');
  queue.add('other');
  controller.start();

  await clock.advance(20_000);
  queue.add('hung');
  await clock.advance(20_000);
  assert.deepEqual(starts, ['hung@0', 'other@10000']);
  assert.equal(log.lines.filter(({ level }) => level === 'error').length, 1);
  hung.resolve({});
  await settle();

  assert.deepEqual(starts.slice(2), ['hung@40000']);
});

test('a pass under way is neither aborted nor left with a timer when it ends in time', async () => {
  let seen: AbortSignal | undefined;
  const { clock, queue, controller } = createBed((_, { signal }) => {
    seen = signal;
    return Promise.resolve({});
  });
  queue.add('a');
  controller.start();

  await clock.advance(600_000);

  assert.equal(seen?.aborted, false);
  assert.equal(clock.pendingTimers(), 0);
});

test('as many passes as workers run at once, and never two of one key', async () => {
  const now = new Map<string, number>();
  let most = 0;
  const { clock, queue, controller, starts } = createBed(
    async (key) => {
      now.set(key, (now.get(key) ?? 0) + 1);
      assert.equal(now.get(key), 1);
      most = Math.max(
        most,
        [...now.values()].reduce((sum, count) => sum + count),
      );
      queue.add(key);
      await clock.sleep(1000);
      now.set(key, 0);
      return {};
    },
    { workers: 2 },
  );
  for (const key of ['a', 'b', 'c']) queue.add(key);
  controller.start();

  await clock.advance(4500);

  assert.equal(most, 2);
  assert.deepEqual(starts.slice(0, 6), ['a@0', 'b@0', 'c@1000', 'a@1000', 'b@2000', 'c@2000']);
});

test('each pass logs under its controller, key and an id of its own', async () => {
  const { clock, queue, controller, log } = createBed((key, context) => {
    context.log.info({ step: 1 }, 'seen');
    return Promise.resolve(key === 'a' ? { requeueAfterMs: 1000 } : {});
  });
  queue.add('a');
  queue.add('b');
  controller.start();

  await clock.advance(1000);

  assert.deepEqual(
    log.lines.filter(({ message }) => message === 'seen').map(({ fields }) => fields),
    [
      { controller: 'node', key: 'a', reconcileID: 'id-1', step: 1 },
      { controller: 'node', key: 'b', reconcileID: 'id-2', step: 1 },
      { controller: 'node', key: 'a', reconcileID: 'id-3', step: 1 },
    ],
  );
});

test('stop lets the pass under way end and starts no other', async () => {
  const work = Promise.withResolvers<Record<string, never>>();
  const { clock, queue, controller, starts, outcomes } = createBed(() => work.promise);
  queue.add('a');
  queue.add('b');
  controller.start();
  await settle();
  let stopped = false;

  const stopping = controller.stop().then(() => (stopped = true));
  await clock.advance(9000);
  assert.equal(stopped, false);
  work.resolve({});
  await stopping;

  assert.deepEqual(starts, ['a@0']);
  assert.deepEqual(outcomes, ['success']);
  assert.equal(clock.pendingTimers(), 0);
});

test('stop aborts what outlives the grace, and does not count that as a failure', async () => {
  const { clock, queue, controller, outcomes, log } = createBed(untilAborted);
  queue.add('a');
  controller.start();
  await settle();

  const stopping = controller.stop({ graceMs: 3000 });
  await clock.advance(2999);
  assert.deepEqual(outcomes, []);
  await clock.advance(1);
  await stopping;

  assert.deepEqual(outcomes, ['interrupted']);
  assert.deepEqual(
    log.lines.filter(({ level }) => level === 'warn' || level === 'error'),
    [],
  );
});

test('stop ends even when a pass never does', async () => {
  const { clock, queue, controller, log } = createBed(() => new Promise(() => undefined));
  queue.add('a');
  controller.start();
  await settle();

  const stopping = controller.stop({ graceMs: 3000 });
  await clock.advance(8000);
  await stopping;

  assert.match(log.lines.find(({ level }) => level === 'error')?.message ?? '', /do not end/);
});

test('stop of a controller that never started ends at once', async () => {
  const { controller } = createBed(() => Promise.resolve({}));

  await controller.stop();
});

test('a controller starts once', () => {
  const { controller } = createBed(() => Promise.resolve({}));
  controller.start();

  assert.throws(() => controller.start(), /cannot start controller "node"/);
});
