import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { createLoopLag } from '../../src/engine/loop-lag.ts';
import { createFakeClock } from './fake-clock.ts';

function bed() {
  const clock = createFakeClock();
  const registry = new Registry();
  /** What the event loop did not do in time. */
  let late = 0;
  const lag = createLoopLag(registry, {
    monotonic: () => clock.monotonic() + late,
    setTimer: (delayMs, run) => clock.setTimer(delayMs, run),
  });
  async function read(figure: string): Promise<number> {
    const text = await registry.getSingleMetricAsString(`nodejs_eventloop_lag_${figure}`);
    return Number(text.split(' ').at(-1));
  }
  return { clock, lag, read, block: (ms: number) => (late += ms) };
}

test('a block from the very begin of work is seen, to the next scrape', async () => {
  const { clock, lag, read, block } = bed();

  lag.working();
  block(70);
  await clock.advance(100);

  assert.ok(Math.abs((await read('seconds')) - 0.07) < 0.001);
  assert.ok(Math.abs((await read('max_seconds')) - 0.07) < 0.001);
  assert.ok((await read('min_seconds')) < 0.001);
  assert.ok((await read('p50_seconds')) < 0.001);
  assert.ok((await read('seconds')) < 0.001);
});

test('without work there is no timer, so that a daemon at rest sleeps', async () => {
  const { clock, lag } = bed();
  assert.equal(clock.pendingTimers(), 0);

  lag.working();
  await clock.advance(600);
  lag.working();
  assert.equal(clock.pendingTimers(), 1);
  await clock.advance(900);
  assert.equal(clock.pendingTimers(), 1);

  await clock.advance(200);
  assert.equal(clock.pendingTimers(), 0);
});
