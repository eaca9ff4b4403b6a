import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { capDelay, MAX_DELAY_MS, settlesWithin, systemClock, timestamp } from '../../src/engine/clock.ts';
import { createFakeClock, settle } from './fake-clock.ts';

test('a delay longer than timers know is capped, one that is no number is none', () => {
  assert.equal(capDelay(2 ** 40), MAX_DELAY_MS);
  assert.equal(capDelay(Infinity), MAX_DELAY_MS);
  assert.equal(capDelay(-5), 0);
  assert.equal(capDelay(Number.NaN), 0);
  assert.equal(capDelay(1500), 1500);
});

test('the system clock does not fire a timer at once because its delay is too long', async (t) => {
  const warned = t.mock.method(process, 'emitWarning', () => undefined);

  const timer = systemClock().setTimer(2 ** 40, () => assert.fail('fired'));
  await settle();
  timer.cancel();

  assert.equal(warned.mock.callCount(), 0);
});

test('the system clock runs a timer, and sleep resolves', async () => {
  const clock = systemClock();
  const before = clock.monotonic();

  await new Promise<void>((resolve) => void clock.setTimer(1, resolve));
  await clock.sleep(1);

  assert.ok(clock.monotonic() > before);
  assert.ok(Math.abs(clock.now() - Date.now()) < 10_000);
});

test('timestamps are RFC 3339 in whole seconds', () => {
  assert.equal(timestamp(Date.UTC(2026, 0, 2, 3, 4, 5, 678)), '2026-01-02T03:04:05Z');
});

test('the fake clock fires timers in the order of their time, timers set by timers included', async () => {
  const clock = createFakeClock();
  const fired: string[] = [];
  function note(what: string): void {
    fired.push(`${what}@${clock.monotonic()}`);
  }
  clock.setTimer(30, () => note('c'));
  clock.setTimer(10, () => {
    note('a');
    clock.setTimer(5, () => note('b'));
  });
  clock.setTimer(20, () => note('cancelled')).cancel();
  clock.setTimer(41, () => note('later'));

  await clock.advance(40);

  assert.deepEqual(fired, ['a@10', 'b@15', 'c@30']);
  assert.equal(clock.monotonic(), 40);
  assert.equal(clock.pendingTimers(), 1);
});

test('the fake clock lets promises settle between timers', async () => {
  const clock = createFakeClock();
  const woken: number[] = [];
  async function loop(): Promise<void> {
    for (let turn = 0; turn < 3; turn += 1) {
      await clock.sleep(100);
      woken.push(clock.monotonic());
    }
  }

  void loop();
  await clock.advance(1000);

  assert.deepEqual(woken, [100, 200, 300]);
});

test('stepping the wall clock fires nothing and leaves the monotonic time alone', async () => {
  const clock = createFakeClock(5000);
  clock.setTimer(10, () => assert.fail('fired'));

  clock.step(-3000);
  await clock.advance(0);

  assert.equal(clock.now(), 2000);
  assert.equal(clock.monotonic(), 0);
});

test('an aborted sleep rejects with the reason of the signal and leaves no timer', async () => {
  const clock = createFakeClock();
  const abort = new AbortController();
  const reason = new Error('enough');

  const asleep = clock.sleep(1000, abort.signal);
  abort.abort(reason);

  await assert.rejects(asleep, reason);
  await assert.rejects(clock.sleep(1000, abort.signal), reason);
  assert.equal(clock.pendingTimers(), 0);
});

test('a sleep that ended leaves no listener on its signal', async () => {
  const clock = createFakeClock();
  const { signal } = new AbortController();

  const asleep = clock.sleep(1000, signal);
  assert.equal(getEventListeners(signal, 'abort').length, 1);
  await clock.advance(1000);
  await asleep;

  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('settlesWithin tells work that ends in time, failed work included, from work that does not', async () => {
  const clock = createFakeClock();
  const late = clock.sleep(200);

  assert.equal(await settlesWithin(clock, Promise.resolve(), 100), true);
  assert.equal(await settlesWithin(clock, Promise.reject(new Error('x')), 100), true);
  const found = settlesWithin(clock, late, 100);
  await clock.advance(100);

  assert.equal(await found, false);
  assert.equal(clock.pendingTimers(), 1);
});
