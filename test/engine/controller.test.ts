import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReasonedError } from '../../src/api/errors.ts';
import { TerminalError, type Outcome } from '../../src/engine/controller.ts';
import { createBed, throwing } from './controller-bed.ts';

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

test('{ resyncAfterMs } brings the key back too, and the pass was a success', async () => {
  const { clock, queue, controller, starts, outcomes } = createBed(() =>
    Promise.resolve({ resyncAfterMs: 30_000 }),
  );
  queue.addRateLimited('a');
  controller.start();

  await clock.advance(35_000);

  assert.deepEqual(starts, ['a@1000', 'a@31000']);
  assert.deepEqual(outcomes, ['success', 'success']);
  assert.equal(queue.numRequeues('a'), 0);
});

test('E22: a failing key comes back with doubling delays, up to a minute', async () => {
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
  assert.equal(line.fields['retryInSeconds'], 1);
});

test('U16: a failure that goes on is a warning once an hour, another one at once, and the same one again after a success', async () => {
  let [failure, calls] = ['no route (try 1)', 0];
  const { clock, queue, controller, log } = createBed(() => {
    calls += 1;
    if (failure === '') return Promise.resolve({});
    throw new ReasonedError('Unreachable', failure.replace('1', String(calls)));
  });
  const warnings = (): number => log.lines.filter(({ level }) => level === 'warn').length;
  queue.add('a');
  controller.start();
  await clock.advance(3_000_000);
  const found = [warnings()];
  await clock.advance(1_000_000);
  found.push(warnings());
  failure = 'refused';
  await clock.advance(120_000);
  found.push(warnings());
  failure = '';
  await clock.advance(120_000);
  failure = 'refused';
  queue.add('a');
  await clock.advance(120_000);
  found.push(warnings());

  assert.deepEqual(found, [1, 2, 3, 4]);
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
  test(`${kind === 'panic' ? 'E100: ' : ''}a pass that throws ${String(error)} counts as ${kind} and is retried: ${reason}`, async () => {
    const { clock, queue, controller, outcomes, log } = createBed(throwing(error));
    queue.add('a');
    controller.start();

    await clock.advance(1000);

    assert.deepEqual(outcomes, [kind, kind]);
    const lines = log.lines.filter(({ level }) => level === (kind === 'panic' ? 'error' : 'warn'));
    assert.equal(lines.length, 1);
    assert.equal(/\n +at /.test(String(lines[0]?.fields['stack'])), kind === 'panic', 'bugs have a stack');
  });
}

test('E100: a pass that throws before it returns a promise takes nothing down', async () => {
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

test('E20: as many passes as workers run at once, and never two of one key', async () => {
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

test('a controller starts once', () => {
  const { controller } = createBed(() => Promise.resolve({}));
  controller.start();

  assert.throws(() => controller.start(), /cannot start controller "node"/);
});
