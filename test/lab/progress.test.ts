import assert from 'node:assert/strict';
import { test } from 'node:test';

import { changedLines, readinessOf } from './progress.ts';

function list(...conditions: readonly (object | undefined)[]): readonly unknown[] {
  return conditions.map((condition, index) => ({
    kind: 'Node',
    metadata: { name: `n${index}` },
    ...(condition === undefined
      ? {}
      : { status: { conditions: [{ type: 'Synced', status: 'True' }, condition] } }),
  }));
}

test('only a Ready condition that is True makes an object ready', () => {
  const cases = [
    { condition: { type: 'Ready', status: 'True', reason: 'Up' }, ready: true, line: 'node/n0 Ready' },
    {
      condition: { type: 'Ready', status: 'False', reason: 'Booting', message: 'no lease yet' },
      ready: false,
      line: 'node/n0 Booting: no lease yet',
    },
    {
      condition: { type: 'Ready', status: 'Unknown', reason: 'Pending', message: '' },
      ready: false,
      line: 'node/n0 Pending',
    },
    { condition: undefined, ready: false, line: 'node/n0 Pending' },
  ];
  for (const { condition, ready, line } of cases) {
    assert.deepEqual(readinessOf(list(condition)), [{ key: 'node/n0', ready, line }]);
  }
});

test('a line is printed when an object changes, and only then', () => {
  const booting = readinessOf(list({ type: 'Ready', status: 'False', reason: 'Booting' }, undefined));
  const later = readinessOf(list({ type: 'Ready', status: 'True' }, undefined));

  assert.deepEqual(changedLines(booting, booting), []);
  assert.deepEqual(changedLines(booting, later), ['node/n0 Ready']);
});
