/** Work that need not be done in one turn of the event loop. */
export interface Turns {
  /** What was added before and was not done yet is done once. */
  add(work: () => void): void;
}

/** So many things are done before everything else has its turn. */
const BATCH = 64;

export function createTurns(later: (run: () => void) => void = setImmediate): Turns {
  const waiting = new Set<() => void>();
  let begun = false;
  function run(): void {
    let left = BATCH;
    for (const work of waiting) {
      if (left === 0) break;
      left -= 1;
      waiting.delete(work);
      work();
    }
    begun = waiting.size > 0;
    if (begun) later(run);
  }
  return {
    add(work) {
      waiting.add(work);
      if (begun) return;
      begun = true;
      later(run);
    },
  };
}
