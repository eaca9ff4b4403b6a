import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { condition, findCondition, isTrue, mergeConditions } from '../../src/api/conditions.ts';
import type { Condition } from '../../src/api/meta.ts';

const BEFORE = '2026-01-01T00:00:00Z';
const NOW = '2026-01-02T00:00:00Z';

function stood(type: string, status: Condition['status'], generation = 1): Condition {
  return {
    ...condition(type, status, 'Old', 'old'),
    lastTransitionTime: BEFORE,
    observedGeneration: generation,
  };
}

describe('conditions after a pass', () => {
  it('keep the time of their last transition while the status is the same, whatever reason and message say', () => {
    const [ready] = mergeConditions(
      [stood('Ready', 'False')],
      [condition('Ready', 'False', 'New', 'new')],
      NOW,
      2,
    );

    assert.deepEqual(ready, {
      type: 'Ready',
      status: 'False',
      reason: 'New',
      message: 'new',
      lastTransitionTime: BEFORE,
      observedGeneration: 2,
    });
  });

  for (const status of ['True', 'Unknown'] as const) {
    it(`have a new time when the status turns from False to ${status}`, () => {
      const [ready] = mergeConditions([stood('Ready', 'False')], [condition('Ready', status, 'New')], NOW, 1);

      assert.equal(ready?.lastTransitionTime, NOW);
    });
  }

  it('have a new time when they were not there before', () => {
    const [ready] = mergeConditions([stood('Synced', 'True')], [condition('Ready', 'True', 'New')], NOW, 1);

    assert.equal(ready?.lastTransitionTime, NOW);
  });

  it('are those that were found: one that no longer is found is gone', () => {
    const merged = mergeConditions(
      [stood('Ready', 'True'), stood('CloudInitDrifted', 'True')],
      [condition('Ready', 'True', 'Ready')],
      NOW,
      1,
    );

    assert.deepEqual(
      merged.map(({ type }) => type),
      ['Ready'],
    );
  });

  it('are sorted: Ready, Synced, then by name, in whatever order they were found', () => {
    const found = ['Running', 'Synced', 'AddressBound', 'Ready', 'Defined'].map((type) =>
      condition(type, 'True', 'R'),
    );

    assert.deepEqual(
      mergeConditions([], found, NOW, 1).map(({ type }) => type),
      ['Ready', 'Synced', 'AddressBound', 'Defined', 'Running'],
    );
  });

  it('have messages that fit metav1.Condition', () => {
    const [ready] = mergeConditions([], [condition('Ready', 'False', 'R', 'x'.repeat(40_000))], NOW, 1);

    assert.equal(ready?.message.length, 32_768);
  });
});

describe('a condition', () => {
  const conditions = [condition('Ready', 'False', 'A'), condition('Synced', 'True', 'B')];

  it('is true only if it is there with the status True', () => {
    assert.deepEqual(
      ['Synced', 'Ready', 'Missing'].map((type) => isTrue(conditions, type)),
      [true, false, false],
    );
  });

  it('is found by its type', () => {
    assert.equal(findCondition(conditions, 'Synced')?.reason, 'B');
    assert.equal(findCondition(conditions, 'Missing'), undefined);
  });
});
