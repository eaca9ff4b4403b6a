import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { differences } from './compare.ts';
import { play } from './run.ts';
import { SCENARIOS } from './scenarios.ts';

/**
 * The points are those of a recorded run: after each change of the world, which is all that the next daemon finds, and
 * before the first. `npm run test:faults` kills it before each of them as well, with all that it read since the last.
 */
const everywhere = process.env['K8SLAB_FAULTS'] !== undefined;

describe('a daemon that is killed at any change', () => {
  for (const scenario of SCENARIOS) {
    it(`while ${scenario.name} comes to the same once it is started again, and guests feel no more`, async () => {
      const calm = await play(scenario);
      assert.ok(calm.settled);
      assert.ok(
        calm.calls.some(({ mutates }) => mutates),
        'nothing is changed',
      );
      const changes = [...calm.calls.entries()].filter(([, { mutates }]) => mutates);
      for (const [index, [number, { name }]] of changes.entries()) {
        for (const fault of ['killed before', 'killed after'] as const) {
          if (fault === 'killed before' && index > 0 && !everywhere) continue;
          const run = await play(scenario, new Map([[number, fault]]));
          assert.deepEqual(differences(calm, run, fault, name), [], `${fault} call ${number}, ${name}`);
        }
      }
    });
  }
});
