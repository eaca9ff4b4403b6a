import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSuspects } from '../../../src/drivers/manifest-dir/suspects.ts';

test('all files are suspected until each change is told, and again whenever that begins anew', () => {
  const suspects = createSuspects();
  assert.equal(suspects.take(), 'all');
  assert.equal(suspects.take(), 'all');

  suspects.follow(true);
  assert.equal(suspects.take(), 'all');
  assert.deepEqual(suspects.take(), new Set());

  suspects.follow(true);
  assert.equal(suspects.take(), 'all');
  suspects.follow(false);
  assert.equal(suspects.take(), 'all');
  assert.equal(suspects.take(), 'all');
});

test('a suspicion is taken once, be it of one file or of all', () => {
  const suspects = createSuspects();
  suspects.follow(true);
  suspects.take();

  suspects.add('/a');
  suspects.add('/b');
  assert.deepEqual(suspects.take(), new Set(['/a', '/b']));
  assert.deepEqual(suspects.take(), new Set());

  suspects.add('/a');
  suspects.addAll();
  assert.equal(suspects.take(), 'all');
  assert.deepEqual(suspects.take(), new Set());
});
