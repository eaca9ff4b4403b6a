import { createWorld } from '../controllers/fakes.ts';
import { createDaemon } from './daemon.ts';
import { checkWorld } from './invariants.ts';
import { createOutsider } from './outsider.ts';
import type { Step } from './steps.ts';

/** Plays a history, and holds the world that comes of it to what must be so whatever happened. */
export async function play(steps: readonly Step[]): Promise<void> {
  const world = createWorld();
  const outsider = createOutsider(world);
  const daemon = createDaemon(world, () => {
    outsider.forgetMarked();
    outsider.forgetAdopted();
  });
  for (const step of steps) {
    if (step.does === 'settle') await daemon.settle(2);
    else if (outsider.does(step) || (await daemon.does(step))) await daemon.round();
  }
  daemon.heal();
  await checkWorld(world, daemon, outsider);
}
