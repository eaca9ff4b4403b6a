import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createAttempts, createRollout } from '../../../src/controllers/node/rollout.ts';
import { createFakeClock } from '../../engine/fake-clock.ts';

describe('the turn in a role', () => {
  it('is had by one guest at a time, again and again until it is done', () => {
    const rollout = createRollout();

    assert.deepEqual(
      [rollout.take('master', 'a'), rollout.take('master', 'b'), rollout.take('master', 'a')],
      [true, false, true],
    );
    assert.equal(rollout.take('worker', 'c'), true);
    rollout.done('a');
    assert.deepEqual([rollout.take('master', 'b'), rollout.holder('master')], [true, 'b']);
  });
});

describe('a try', () => {
  it('counts until what it is about is another, or it is forgotten', async () => {
    const clock = createFakeClock();
    const attempts = createAttempts<'renew' | 'link'>(clock);
    attempts.note('a', 'address', { way: 'renew', about: 'x' });
    await clock.advance(7000);

    assert.deepEqual(attempts.last('a', 'address', 'x'), { way: 'renew', seconds: 7 });
    assert.deepEqual(
      [
        attempts.last('a', 'address', 'y'),
        attempts.last('a', 'definition', 'x'),
        attempts.last('b', 'address', 'x'),
      ],
      [undefined, undefined, undefined],
    );
    attempts.forget('a', 'address');
    assert.equal(attempts.last('a', 'address', 'x'), undefined);
  });
});
