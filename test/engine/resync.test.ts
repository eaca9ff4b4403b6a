import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resyncPeriodMs } from '../../src/engine/resync.ts';

describe('the periodic look at an object', () => {
  it('comes as often as configured while there are few, and never more than one a second for all of them', () => {
    assert.deepEqual(
      [1, 60, 61, 1000].map((count) => resyncPeriodMs(60, count)),
      [60_000, 60_000, 61_000, 1_000_000],
    );
  });
});
