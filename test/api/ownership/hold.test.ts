import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { holdRemovals, type HoldInput } from '../../../src/api/ownership/hold.ts';

function hold(pending: readonly string[], more: Partial<HoldInput> = {}): [string, string] {
  const none = { admitted: new Set<string>(), held: new Set<string>() };
  const { admitted, held } = holdRemovals({ pending, remaining: 5, limit: 3, ...none, ...more });
  return [admitted.join(), held.join()];
}

describe('E88: a removal', () => {
  it('of few goes on, of too many at once is held whole', () => {
    assert.deepEqual(hold(['a', 'b', 'c']), ['a,b,c', '']);
    assert.deepEqual(hold(['a', 'b', 'c', 'd']), ['', 'a,b,c,d']);
  });

  it('after which nothing would remain is held, however little it is', () => {
    assert.deepEqual(hold(['a'], { remaining: 0 }), ['', 'a']);
  });

  it('that is under way goes on, and counts for the others', () => {
    assert.deepEqual(hold(['a', 'b', 'c', 'd'], { admitted: new Set(['a', 'b']) }), ['a,b', 'c,d']);
  });

  it('that is held stays held while the others come back, so that a directory may come back file by file', () => {
    assert.deepEqual(hold(['a'], { held: new Set(['a', 'b', 'c', 'd']) }), ['', 'a']);
    assert.deepEqual(hold(['a', 'e'], { held: new Set(['a']) }), ['e', 'a']);
  });
});
