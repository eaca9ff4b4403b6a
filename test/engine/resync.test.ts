import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resyncDelayMs, resyncPeriodMs } from '../../src/engine/resync.ts';

describe('the periodic look at an object', () => {
  it('comes as often as configured while there are few, and never more than one a second for all of them', () => {
    assert.deepEqual(
      [1, 60, 61, 1000].map((count) => resyncPeriodMs(60, count)),
      [60_000, 60_000, 61_000, 1_000_000],
    );
  });

  it('is made at one moment for all that are about due, and after its period at the latest', () => {
    for (const period of [5_000, 60_000, 1_000_000]) {
      for (let now = 123_456.7; now < 123_456.7 + period; now += period / 17) {
        const delay = resyncDelayMs(now, period);
        assert.ok(delay > period / 2 && delay <= period, `${period} at ${now}: ${delay}`);
      }
    }
    const moments = Array.from({ length: 60 }, (_, second) => second * 1000).map((now) =>
      Math.round(now + resyncDelayMs(now, 1_000_000)),
    );
    assert.deepEqual([...new Set(moments)], [1_000_000, 1_020_000, 1_040_000]);
  });
});
