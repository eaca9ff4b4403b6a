import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createProgress } from './progress.ts';

it('a long run tells how far it is, twice a minute, and a short one nothing', () => {
  let at = 0;
  const told: string[] = [];
  const step = createProgress({
    ...{ total: 10_000, what: 'worlds', now: () => at },
    tell: (line) => void told.push(line),
  });
  for (let second = 0; second < 70; second += 1) {
    at = second * 1000;
    for (let each = 0; each < 100; each += 1) step();
  }

  assert.deepEqual(told, ['3,000 of 10,000 worlds in 30 s', '6,000 of 10,000 worlds in 60 s']);
});
