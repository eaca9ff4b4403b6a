import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createBackoff, jitter } from '../../src/engine/backoff.ts';

test('delays double from 1 s to 60 s, each key for itself', () => {
  const backoff = createBackoff({ random: () => 0.5 });

  const delays = Array.from({ length: 8 }, () => backoff.when('a'));

  assert.deepEqual(delays, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  assert.equal(backoff.when('b'), 1000);
  assert.equal(backoff.failures('a'), 8);
});

test('a forgotten key starts from the base again', () => {
  const backoff = createBackoff({ random: () => 0.5 });
  backoff.when('a');
  backoff.when('a');

  backoff.forget('a');

  assert.equal(backoff.failures('a'), 0);
  assert.equal(backoff.when('a'), 1000);
});

test('however often a key fails, its delay stays finite and below one and a half times the cap', () => {
  const backoff = createBackoff({ random: () => 0.999 });

  const delays = Array.from({ length: 2000 }, () => backoff.when('a'));

  assert.ok(delays.every((delay) => delay > 0 && delay < 90_000));
});

test('jitter stays within 50 % and its mean is the delay', () => {
  fc.assert(
    fc.property(fc.nat(1e6), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (ms, random) => {
      const delay = jitter(ms, () => random);
      assert.ok(delay >= ms / 2 && delay <= ms * 1.5);
    }),
  );
  assert.equal(
    jitter(100, () => 0.5),
    100,
  );
});
