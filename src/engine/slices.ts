import type { Clock } from './clock.ts';

/** Long enough to get on, short enough that nobody notices. */
const SLICE_MS = 10;

/** Runs work that can pause (`yield`) to its end, and lets everything else have its turn every 10 ms. */
export async function runInSlices<T>(
  steps: Generator<undefined, T>,
  clock: Pick<Clock, 'monotonic'>,
): Promise<T> {
  let began = clock.monotonic();
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) return step.value;
    if (clock.monotonic() - began < SLICE_MS) continue;
    await new Promise((resolve) => setImmediate(resolve));
    began = clock.monotonic();
  }
}
