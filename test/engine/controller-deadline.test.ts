import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { STOP_MS, type PassContext, type Result } from '../../src/engine/controller.ts';
import { createBed, untilAborted } from './controller-bed.ts';
import { settle } from './fake-clock.ts';

/** Drivers, sockets and the notice to systemd, one after the other. */
const DISPOSAL_MS = 15_000;

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

test('R16: a section that must not be cut outlasts the deadline, and what follows it does not begin', async () => {
  const [section, steps] = [Promise.withResolvers<undefined>(), [] as string[]];
  const { clock, queue, controller, outcomes } = createBed(
    async (_, { signal, uninterruptible }) => {
      await uninterruptible(async () => {
        await section.promise;
        steps.push(`started again, aborted: ${signal.aborted}`);
      });
      signal.throwIfAborted();
      steps.push('went on');
      return {};
    },
    { timeoutMs: 5000 },
  );
  queue.add('a');
  controller.start();

  await clock.advance(30_000);
  section.resolve(undefined);
  await settle();

  assert.deepEqual(steps, ['started again, aborted: false']);
  assert.deepEqual(outcomes, ['timeout']);
});

test('R16: stop waits for a section that must not be cut, longer than for anything else', async () => {
  const section = Promise.withResolvers<undefined>();
  const { clock, queue, controller, outcomes } = createBed(async (_, { uninterruptible }) => {
    await uninterruptible(() => section.promise);
    return {};
  });
  queue.add('a');
  controller.start();
  await settle();
  let stopped = false;

  const stopping = controller.stop().then(() => (stopped = true));
  await clock.advance(STOP_MS.grace + STOP_MS.abandon + 1000);
  assert.equal(stopped, false);
  section.resolve(undefined);
  await stopping;

  assert.deepEqual(outcomes, ['success']);
  assert.equal(clock.pendingTimers(), 0);
});

test('R16: stop does not wait for ever for a section that hangs', async () => {
  const { clock, queue, controller, log } = createBed((_, { uninterruptible }) =>
    uninterruptible(() => new Promise(() => undefined)),
  );
  queue.add('a');
  controller.start();
  await settle();

  const stopping = controller.stop();
  await clock.advance(STOP_MS.grace + STOP_MS.hold);
  await stopping;

  assert.ok(log.lines.some(({ message }) => message.startsWith('passes do not end')));
});

test('a section that must not be cut is not begun once the pass is to end', async () => {
  let begun = false;
  const { clock, queue, controller, outcomes } = createBed(
    async (_, { signal, uninterruptible }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return uninterruptible(() => {
        begun = true;
        return Promise.resolve({});
      });
    },
    { timeoutMs: 5000 },
  );
  queue.add('a');
  controller.start();

  await clock.advance(5500);

  assert.equal(begun, false);
  assert.deepEqual(outcomes, ['timeout']);
});

test('R16: the longest stop, with what is disposed of after it, ends before systemd kills the daemon', async () => {
  const unit = await readFile(new URL('../../packaging/systemd/k8slabd.service', import.meta.url), 'utf8');

  const limit = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]) * 1000;

  assert.ok(STOP_MS.grace + Math.max(STOP_MS.hold, STOP_MS.abandon) + DISPOSAL_MS < limit);
});

test('R13: guests that do not answer hold the workers of the periodic pass, and an edit does not wait for them', async () => {
  const { clock, queue, controller, starts } = createBed(
    async (key) => {
      if (key.startsWith('hung')) await clock.sleep(8000);
      return {};
    },
    { workers: 4, reserved: 1 },
  );
  for (let index = 0; index < 200; index += 1) queue.add(`hung-${index}`, 'resync');
  controller.start();
  await clock.advance(10_000);

  queue.add('edited', 'edit');
  await clock.advance(0);

  assert.equal(starts.at(-1), 'edited@10000');
});

test('R30: a pass that never ends is a problem after five minutes, and no longer once it ended', async () => {
  const hung = Promise.withResolvers<Record<string, never>>();
  const { clock, queue, controller } = createBed(() => hung.promise, { timeoutMs: 5000 });
  queue.add('a');
  controller.start();

  await clock.advance(299_000);
  assert.equal(controller.problem(), undefined);
  await clock.advance(1000);
  assert.equal(controller.problem(), 'a pass over node "a" has not ended for 300 s');
  hung.resolve({});
  await settle();

  assert.equal(controller.problem(), undefined);
});

test('R30: work that nobody takes is a problem after five minutes, and rest is none', async () => {
  const { clock, queue, controller } = createBed(() => Promise.resolve({}));
  queue.add('a');
  controller.start();
  await clock.advance(600_000);
  const atRest = controller.problem();

  queue.get = () => new Promise(() => undefined);
  queue.figures = () => ({ ...EMPTY, depth: { edit: 0, event: 1, resync: 0 } });

  assert.equal(atRest, undefined);
  assert.equal(controller.problem(), '1 of node wait, and no pass has begun or ended for 600 s');
});

const EMPTY = { unfinishedSeconds: 0, longestRunningSeconds: 0 };

test('R30: a worker that ends by a bug of the engine is told and is a problem', async () => {
  const { clock, queue, controller, log } = createBed(() => Promise.resolve({ requeueAfterMs: 1 }));
  queue.done = () => {
    throw new TypeError('bug');
  };
  queue.add('a');
  controller.start();

  await clock.advance(10);

  assert.match(controller.problem() ?? '', /a worker for node ended: bug/);
  assert.match(
    String(log.lines.find(({ level }) => level === 'error')?.fields['stack']),
    /TypeError: bug\n +at /,
  );
});

test('stopping begins no pass over what was waiting already', async () => {
  const first = Promise.withResolvers<Record<string, never>>();
  const { clock, queue, controller, starts } = createBed(() => first.promise);
  for (const key of ['a', 'b', 'c']) queue.add(key, 'edit');
  controller.start();
  await settle();

  await queue.shutDown();
  const stopping = controller.stop();
  first.resolve({});
  await clock.advance(0);
  await stopping;

  assert.deepEqual(starts, ['a@0']);
});
