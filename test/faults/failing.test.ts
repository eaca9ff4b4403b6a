import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createProgress } from '../progress.ts';
import { differences } from './compare.ts';
import { FAULTS, type Fault } from './injector.ts';
import { play, type Outcome } from './run.ts';
import { SCENARIOS } from './scenarios.ts';

/**
 * K8SLAB_FAULTS: how many; K8SLAB_SEED: those of an earlier run. With neither they are the same ones each time, so that a
 * commit that passed passes again, and no more than 15 seconds allow.
 */
const { K8SLAB_FAULTS: wanted, K8SLAB_SEED: seed } = process.env;
const always = { seed: 1, interruptAfterTimeLimit: 15_000 };
const chosen = seed === undefined ? {} : { seed: Number(seed) };

const runs = new Map<number, Promise<Outcome>>();

/** The run that nothing disturbs. */
function calmRun(index: number): Promise<Outcome> {
  const known = runs.get(index) ?? play(at(SCENARIOS, index));
  runs.set(index, known);
  return known;
}

function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  assert.ok(found !== undefined);
  return found;
}

/** A call by its place among all of a run, from 0 to 1. */
const fault = fc.record({
  place: fc.double({ min: 0, max: 0.999, noNaN: true }),
  fault: fc.constantFrom(...FAULTS),
});
const history = fc.record({
  scenario: fc.nat(SCENARIOS.length - 1),
  faults: fc.array(fault, { minLength: 1, maxLength: 2 }),
});

describe('a daemon whose calls fail, hang, lie, or are its last', () => {
  it('comes to the same in the end', { timeout: 3_600_000 }, () => {
    const numRuns = Number(wanted ?? 300);
    const next = createProgress({ total: numRuns, what: 'histories' });
    return fc.assert(
      fc.asyncProperty(history, async ({ scenario, faults }) => {
        next();
        const calm = await calmRun(scenario);
        const planned = new Map<number, Fault>(
          faults.map(({ place, fault: what }) => [Math.floor(place * calm.calls.length), what]),
        );

        const run = await play(at(SCENARIOS, scenario), planned);

        const names = [...planned].map(([number, what]) => `${what} ${at(calm.calls, number).name}`);
        const found = differences(calm, run, [...planned.values()].join(), names.join());
        assert.deepEqual(found, [], `${at(SCENARIOS, scenario).name}: ${names.join(', ')}`);
      }),
      { numRuns, ...(wanted === undefined && seed === undefined ? always : chosen) },
    );
  });

  it('says what failed in a condition, in the words of the cause', async () => {
    const calm = await calmRun(0);
    const silent: string[] = [];
    const names = new Map(calm.calls.map(({ name }, number) => [name, number]));
    for (const [name, number] of names) {
      const { vmhost } = await play(at(SCENARIOS, 0), new Map([[number, 'fails for a minute']]));
      if (vmhost.told.size === 0) silent.push(name);
    }
    // No object's: what an earlier run made is not known yet, and /readyz waits for it.
    assert.deepEqual(silent, ['disks.leftovers']);
  });
});
