import { describe, it } from 'node:test';
import fc from 'fast-check';
import { withProgress } from '../progress.ts';
import { play } from './play.ts';
import { worlds } from './steps.ts';

/**
 * K8SLAB_WORLDS: how many; K8SLAB_SEED: those of an earlier run. With either there is no limit of time. With neither the
 * worlds are the same ones each time, so that a commit that passed passes again; new ones are looked for on demand.
 */
const { K8SLAB_WORLDS: wanted, K8SLAB_SEED: seed } = process.env;
const always = { seed: 1, interruptAfterTimeLimit: 15_000 };
const chosen = seed === undefined ? {} : { seed: Number(seed) };

describe('any world of manifests, foreign entries and outsiders', () => {
  it('settles, with everything foreign as it was', { timeout: 24 * 3_600_000 }, () => {
    const numRuns = Number(wanted ?? 200);
    const run = withProgress({ total: numRuns, what: 'worlds' }, play);
    return fc.assert(fc.asyncProperty(worlds, run), {
      numRuns,
      ...(wanted === undefined && seed === undefined ? always : chosen),
    });
  });
});
