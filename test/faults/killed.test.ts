import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { differences } from './compare.ts';
import { play } from './run.ts';
import { SCENARIOS } from './scenarios.ts';

/** The points are those of a recorded run: before and after each change of the world. */
describe('a daemon that is killed at any change', () => {
  for (const scenario of SCENARIOS) {
    it(`while ${scenario.name} comes to the same once it is started again, and guests feel no more`, async () => {
      const calm = await play(scenario);
      assert.ok(calm.settled);
      assert.ok(
        calm.calls.some(({ mutates }) => mutates),
        'nothing is changed',
      );
      for (const [number, { name, mutates }] of calm.calls.entries()) {
        if (!mutates) continue;
        for (const fault of ['killed before', 'killed after'] as const) {
          const run = await play(scenario, new Map([[number, fault]]));
          assert.deepEqual(differences(calm, run, fault, name), [], `${fault} call ${number}, ${name}`);
        }
      }
    });
  }
});
