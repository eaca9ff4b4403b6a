import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { editDistance, nearest } from '../../src/api/nearest.ts';

describe('the nearest word', () => {
  const fields = ['memory', 'cpus', 'disk', 'networks', 'role'];
  const cases = [
    { word: 'memmory', expected: 'memory', reason: 'a letter too many' },
    { word: 'cpu', expected: 'cpus', reason: 'a letter too few' },
    { word: 'dsik', expected: 'disk', reason: 'swapped letters are one slip' },
    { word: 'Memory', expected: 'memory', reason: 'case does not count' },
    { word: 'network', expected: 'networks', reason: 'the plural' },
    { word: 'xyz', expected: undefined, reason: 'nothing is close' },
    { word: 'roof', expected: undefined, reason: 'half the letters differ' },
  ];
  for (const { word, expected, reason } of cases) {
    it(`to ${word} is ${expected ?? 'none'}: ${reason}`, () => {
      assert.equal(nearest(word, fields), expected);
    });
  }

  it('is the word itself when it is there', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{1,9}$/), (word) => {
        assert.equal(nearest(word, [`${word}s`, word, `x${word}`]), word);
      }),
    );
  });
});

describe('the distance of two words', () => {
  it('is the same both ways and nothing only for equal words', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 9 }), fc.string({ maxLength: 9 }), (a, b) => {
        assert.equal(editDistance(a, b), editDistance(b, a));
        assert.equal(editDistance(a, b) === 0, a === b);
        assert.ok(editDistance(a, b) <= Math.max(a.length, b.length));
      }),
    );
  });
});
