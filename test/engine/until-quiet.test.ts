import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createUntilQuiet } from '../../src/engine/until-quiet.ts';

describe('a run until it is quiet', () => {
  it('answers a call by a run that began after it, at whatever moment it comes', async () => {
    for (let moment = 0; moment < 12; moment++) {
      const begun: number[] = [];
      let calls = 0;
      const run = createUntilQuiet(async () => {
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
    const run = createUntilQuiet(async () => {
      most = Math.max(most, ++running);
      runs += 1;
      await Promise.resolve();
      running -= 1;
    });
    await Promise.all([run(), run(), run(), run()]);
    assert.deepEqual([most, runs], [1, 2]);
  });

  it('runs again after a run that failed', async () => {
    let runs = 0;
    const run = createUntilQuiet(() => {
      runs += 1;
      return runs === 1 ? Promise.reject(new Error('once')) : Promise.resolve();
    });
    await assert.rejects(run(), /once/);
    await run();
    assert.equal(runs, 2);
  });
});
