import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createWorld } from '../controllers/fakes.ts';
import { createDaemon } from './daemon.ts';
import { checkWorld } from './invariants.ts';
import { createOutsider } from './outsider.ts';
import { worlds, type Step } from './steps.ts';

/**
 * K8SLAB_WORLDS: how many; K8SLAB_SEED: those of an earlier run. With either there is no limit of time. With neither the
 * worlds are the same ones each time, so that a commit that passed passes again; new ones are looked for on demand.
 */
const { K8SLAB_WORLDS: wanted, K8SLAB_SEED: seed } = process.env;
const always = { seed: 1, interruptAfterTimeLimit: 15_000 };
const chosen = seed === undefined ? {} : { seed: Number(seed) };

export async function play(steps: readonly Step[]): Promise<void> {
  const world = createWorld();
  const outsider = createOutsider(world);
  const daemon = createDaemon(world, () => outsider.forgetMarked());
  for (const step of steps) {
    if (step.does === 'settle') await daemon.settle();
    else if (step.does === 'restart daemon') await daemon.restart();
    else if (outsider.does(step) || daemon.does(step)) await daemon.round();
  }
  await checkWorld(world, daemon, outsider);
}

describe('any world of manifests, foreign entries and outsiders', () => {
  it('settles, with everything foreign as it was', { timeout: 3_600_000 }, () =>
    fc.assert(fc.asyncProperty(worlds, play), {
      numRuns: Number(wanted ?? 200),
      ...(wanted === undefined && seed === undefined ? always : chosen),
    }),
  );
});
