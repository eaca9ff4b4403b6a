import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLru } from '../../src/engine/lru.ts';

test('reading an entry and writing it again both make it the last to be forgotten', () => {
  const lru = createLru<string, number>(3);
  for (const [key, value] of Object.entries({ a: 1, b: 2, c: 3 })) lru.set(key, value);

  lru.set('a', 10);
  lru.get('b');
  lru.set('d', 4);

  assert.deepEqual(lru.values(), [10, 2, 4]);
  assert.equal(lru.get('c'), undefined);
});
