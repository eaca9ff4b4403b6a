/**
 * Makes runs of `run` never overlap: a call during one leads to one more after it, however many calls there were.
 * @returns what runs it; its promise settles once no call is left unanswered, and rejects with what `run` rejects
 */
export function createUntilQuiet(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let isAsked = false;

  async function untilQuiet(): Promise<void> {
    try {
      while (isAsked) {
        isAsked = false;
        await run();
      }
    } finally {
      // In the same moment as the last look at `isAsked`: a call between the two would be forgotten.
      running = undefined;
    }
  }

  return () => {
    isAsked = true;
    running ??= untilQuiet();
    return running;
  };
}
