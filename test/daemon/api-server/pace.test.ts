import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPace } from '../../../src/daemon/api-server/pace.ts';
import { createFakeClock } from '../../engine/fake-clock.ts';

describe('work that may wait', () => {
  function bed(tookMs: number) {
    const clock = createFakeClock();
    const began: number[] = [];
    const pace = createPace(clock, { settleMs: 500, rest: 9, mostMs: 10_000, run: () => void work() });
    function work(): Promise<void> {
      return pace.during(async () => {
        began.push(clock.monotonic());
        await clock.sleep(tookMs);
      });
    }
    return { clock, pace, began, work };
  }

  it('is done half a second later where none was done, and once for all that asked meanwhile', async () => {
    const { clock, pace, began } = bed(100);
    pace.ask();
    await clock.advance(499);
    pace.ask();

    await clock.advance(10_000);

    assert.deepEqual(began, [500]);
    assert.equal(clock.pendingTimers(), 0);
  });

  it('takes a tenth of the time at most, however often it is asked for', async () => {
    const { clock, pace, began } = bed(100);
    for (let ms = 0; ms < 5000; ms += 10) {
      pace.ask();
      await clock.advance(10);
    }

    assert.deepEqual(began, [500, 1500, 2500, 3500, 4500]);
  });

  it('waits for nobody longer than ten seconds, however long it takes', async () => {
    const { clock, pace, began } = bed(3000);
    pace.ask();
    await clock.advance(3500);
    pace.ask();

    await clock.advance(20_000);

    assert.deepEqual(began, [500, 13_500]);
  });

  it('is not done again for who asked before somebody else had it done', async () => {
    const { clock, pace, began, work } = bed(100);
    pace.ask();
    await clock.advance(150);
    const done = work();
    await clock.advance(10_000);
    await done;

    assert.deepEqual(began, [150]);
  });

  it('is done again for who asked while it was done, and rests also after it failed', async () => {
    const { clock, pace, began } = bed(100);
    pace.ask();
    await clock.advance(550);
    pace.ask();
    await clock.advance(10_000);
    assert.deepEqual(began, [500, 1500]);

    const failed = pace.during(async () => {
      await clock.sleep(100);
      throw new Error('no');
    });
    failed.catch(() => undefined);
    await clock.advance(100);
    await assert.rejects(failed, /no/);
    pace.ask();
    await clock.advance(10_000);

    assert.deepEqual(began, [500, 1500, 11_550]);
  });

  it('is not done for anybody once it is disposed of', async () => {
    const { clock, pace, began } = bed(100);
    pace.ask();
    pace.dispose();

    await clock.advance(10_000);

    assert.deepEqual(began, []);
  });
});
