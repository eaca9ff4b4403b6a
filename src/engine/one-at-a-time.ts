/**
 * Makes runs of `run` never overlap: all calls during one are answered by one more run after it.
 * @returns what runs it; its promise settles as the first run does that begins after the call, so that calls that
 *   never cease keep nobody waiting
 */
export function createOneAtATime(run: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> | undefined;
  let next: Promise<void> | undefined;

  function begin(): Promise<void> {
    next = undefined;
    const mine = run();
    current = mine;
    const end = (): void => {
      // With another to come, a call between the two would begin one beside it.
      if (next === undefined) current = undefined;
    };
    mine.then(end, end);
    return mine;
  }

  return () => {
    if (current === undefined) return begin();
    next ??= current.then(begin, begin);
    return next;
  };
}
