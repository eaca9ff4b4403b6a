import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PassContext, Result } from '../../src/engine/controller.ts';
import { createBed, untilAborted } from './controller-bed.ts';
import { settle } from './fake-clock.ts';

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

test('E93: a pass that ignores its abort holds up neither other keys nor ever runs twice', async () => {
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

test('stop ends even when a pass never does, and says how many are left', async () => {
  const { clock, queue, controller, log } = createBed((key) =>
    key === 'quick' ? Promise.resolve({}) : new Promise(() => undefined),
  );
  queue.add('quick');
  queue.add('hung');
  controller.start();
  await settle();

  const stopping = controller.stop({ graceMs: 3000 });
  await clock.advance(8000);
  await stopping;

  const line = log.lines.find(({ message }) => message.startsWith('passes do not end'));
  assert.equal(line?.fields['passes'], 1);
});

test('stop of a controller that never started ends at once', async () => {
  const { controller } = createBed(() => Promise.resolve({}));

  await controller.stop();
});
