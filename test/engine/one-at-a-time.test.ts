import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createOneAtATime } from '../../src/engine/one-at-a-time.ts';

describe('runs one at a time', () => {
  it('answers a call by a run that began after it, at whatever moment it comes', async () => {
    for (let moment = 0; moment < 12; moment++) {
      const begun: number[] = [];
      let calls = 0;
      const run = createOneAtATime(async () => {
        begun.push(calls);
        await Promise.resolve();
      });
      const call = (): Promise<void> => {
        calls += 1;
        return run();
      };
      const first = call();
      for (let tick = 0; tick < moment; tick++) await Promise.resolve();
      await call();
      await first;
      assert.equal(begun.at(-1), 2, `a call ${moment} microtasks after the first was forgotten`);
    }
  });

  it('never overlaps, and makes one run of all calls during one', async () => {
    let [running, most, runs] = [0, 0, 0];
    const run = createOneAtATime(async () => {
      most = Math.max(most, ++running);
      runs += 1;
      await Promise.resolve();
      running -= 1;
    });
    const first = run();
    // It calls between the end of the first and the begin of the second.
    const again = first.then(run);
    await Promise.all([first, run(), run(), run(), again]);
    assert.deepEqual([most, runs], [1, 2]);
  });

  it('answers a call though others never cease', async () => {
    const ends: (() => void)[] = [];
    const run = createOneAtATime(() => new Promise<void>((resolve) => void ends.push(resolve)));
    const answered: string[] = [];
    void run().then(() => answered.push('first'));
    void run().then(() => answered.push('second'));
    ends[0]?.();
    await setImmediate();
    void run().then(() => answered.push('third'));
    assert.deepEqual([answered, ends.length], [['first'], 2]);

    ends[1]?.();
    await setImmediate();

    assert.deepEqual([answered, ends.length], [['first', 'second'], 3]);
  });

  it('runs again after a run that failed, also for who called during it', async () => {
    let runs = 0;
    const run = createOneAtATime(() => {
      runs += 1;
      return runs === 1 ? Promise.reject(new Error('once')) : Promise.resolve();
    });
    const failing = run();
    const during = run();
    await assert.rejects(failing, /once/);
    await during;
    await run();
    assert.equal(runs, 3);
  });
});
