import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { excluding, membership, readRange, type Range } from '../../../src/api/ipam/ranges.ts';

const someRange = fc
  .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 8 }))
  .map(([first, size]): Range => ({ first: BigInt(first), last: BigInt(first + size) }));

function has(ranges: readonly Range[], value: bigint): boolean {
  return ranges.some(({ first, last }) => first <= value && value <= last);
}

describe('ranges of addresses', () => {
  it('are one address, or the first and the last', () => {
    assert.deepEqual(readRange('0.0.0.7'), { first: 7n, last: 7n });
    assert.deepEqual(readRange('0.0.0.7-0.0.1.0'), { first: 7n, last: 256n });
    for (const text of ['', '0.0.0.7-', '0.0.0.7-0.0.0.6', '0.0.0.1-::2', '0.0.0.1-0.0.0.2-0.0.0.3']) {
      assert.equal(readRange(text), undefined, text);
    }
  });

  it('less others are what is in none of those, in ascending order', () => {
    fc.assert(
      fc.property(someRange, fc.array(someRange), (range, holes) => {
        const left = excluding(range, holes);
        const isHole = membership(holes);
        for (let value = range.first - 1n; value <= range.last + 1n; value++) {
          assert.equal(has(left, value), has([range], value) && !has(holes, value));
          assert.equal(isHole(value), has(holes, value));
        }
        assert.deepEqual(
          left,
          left.toSorted((a, b) => Number(a.first - b.first)),
        );
      }),
    );
  });
});
