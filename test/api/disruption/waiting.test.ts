import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  blocksReady,
  blocksSynced,
  isWaitingReason,
  waitingFor,
  waitingRule,
} from '../../../src/api/disruption/waiting.ts';

describe('what an object waits for', () => {
  it('keeps it from being Ready, from being Synced, from both, or from neither, as the rule of the reason says', () => {
    const cases = [
      ['Conflict', true, true],
      ['ImageNotReady', true, false],
      ['RestartFailed', false, true],
      ['RestartRequired', false, false],
    ] as const;

    for (const [reason, ready, synced] of cases) {
      assert.deepEqual([blocksReady({ reason }), blocksSynced({ reason })], [ready, synced], reason);
    }
  });

  it('is looked at again by itself only where nobody tells that it is over', () => {
    assert.equal(waitingRule({ reason: 'BootQueued' }).againMs, undefined);
    assert.equal(waitingRule({ reason: 'StartBackOff' }).againMs, 1000);
  });

  it('is a failed look where the reason of a driver has no rule of its own', () => {
    assert.deepEqual(waitingFor('Unreachable', 'why'), { reason: 'Unreachable', message: 'why' });
    assert.deepEqual(waitingFor('toString', 'why'), { reason: 'LookFailed', message: 'why' });
    assert.equal(isWaitingReason('toString'), false);
  });
});
