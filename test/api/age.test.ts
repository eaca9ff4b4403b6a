import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatAge } from '../../src/api/age.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** The cases of k8s.io/apimachinery's HumanDuration, and both sides of each of its borders. */
const cases: readonly [seconds: number, text: string][] = [
  [-3, '<invalid>'],
  [-2, '<invalid>'],
  [-1.9, '0s'],
  [-1, '0s'],
  [-0.5, '0s'],
  [0, '0s'],
  [0.9, '0s'],
  [1, '1s'],
  [70, '70s'],
  [2 * MINUTE - 1, '119s'],
  [2 * MINUTE, '2m'],
  [2 * MINUTE + 1, '2m1s'],
  [10 * MINUTE - 1, '9m59s'],
  [10 * MINUTE, '10m'],
  [10 * MINUTE + 10, '10m'],
  [3 * HOUR - 1, '179m'],
  [3 * HOUR, '3h'],
  [3 * HOUR + 5 * MINUTE, '3h5m'],
  [8 * HOUR - 1, '7h59m'],
  [8 * HOUR, '8h'],
  [2 * DAY - 1, '47h'],
  [2 * DAY, '2d'],
  [2 * DAY + 23 * HOUR, '2d23h'],
  [8 * DAY - 1, '7d23h'],
  [8 * DAY, '8d'],
  [2 * YEAR - 1, '729d'],
  [2 * YEAR, '2y'],
  [2 * YEAR + DAY, '2y1d'],
  [8 * YEAR - 1, '7y364d'],
  [8 * YEAR, '8y'],
  [11 * YEAR + DAY, '11y'],
  [Number.NaN, '<unknown>'],
];

describe('an age', () => {
  for (const [seconds, text] of cases) {
    it(`of ${seconds} s is ${text}, as kubectl prints it`, () => {
      assert.equal(formatAge(seconds), text);
    });
  }
});
