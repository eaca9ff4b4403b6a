import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { converge } from '../../src/daemon/converge.ts';
import type { NotReady } from '../../src/daemon/health.ts';
import { createFakeClock, settle } from '../engine/fake-clock.ts';

function createBed(): {
  change(ready: boolean): void;
  run(seconds: number, signal?: AbortSignal): Promise<{ code: number; told: string[] }>;
  clock: ReturnType<typeof createFakeClock>;
  listed: () => number;
  listeners: Set<() => void>;
} {
  const clock = createFakeClock();
  const listeners = new Set<() => void>();
  let [ready, listed] = [false, 0];
  const daemon = {
    allReady: () => ready,
    notReady(): readonly NotReady[] {
      listed += 1;
      return ready ? [] : [{ name: 'Node/a', why: 'no lease' }];
    },
    onChange(listener: () => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  return {
    clock,
    listeners,
    listed: () => listed,
    change(now) {
      ready = now;
      for (const listener of listeners) listener();
    },
    async run(seconds, signal = new AbortController().signal) {
      const told: string[] = [];
      const code = await converge(daemon, { clock, seconds, signal, tell: (line) => told.push(line) });
      return { code, told };
    },
  };
}

describe('k8slabd --once', () => {
  it('ends well when everything is Ready, and never lists what is not before: that grows with the lab', async () => {
    const bed = createBed();
    const run = bed.run(60);

    for (let changes = 0; changes < 100; changes += 1) bed.change(false);
    assert.equal(bed.listed(), 0);
    bed.change(true);

    assert.deepEqual(await run, { code: 0, told: [] });
    assert.equal(bed.listeners.size, 0);
  });

  it('ends at once when everything is Ready already', async () => {
    const bed = createBed();
    bed.change(true);

    assert.equal((await bed.run(60)).code, 0);
  });

  it('ends in vain, and says what is not Ready and why, when the time is over', async () => {
    const bed = createBed();
    const run = bed.run(60);

    await bed.clock.advance(60_000);

    assert.deepEqual(await run, { code: 1, told: ['Node/a is not Ready: no lease'] });
  });

  it('says so once when it is told to stop, however often', async () => {
    const bed = createBed();
    const stop = new AbortController();
    const run = bed.run(60, stop.signal);

    stop.abort();
    await bed.clock.advance(60_000);

    assert.deepEqual(await run, { code: 1, told: ['Node/a is not Ready: no lease'] });
  });

  it('says nothing more once it has ended, also when it is told to stop then', async () => {
    const bed = createBed();
    const stop = new AbortController();
    const run = bed.run(60, stop.signal);
    bed.change(true);
    const { told } = await run;

    bed.change(false);
    stop.abort();
    await settle();

    assert.deepEqual(told, []);
  });
});
