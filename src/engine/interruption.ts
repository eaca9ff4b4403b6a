/** An abort that waits for sections which must not be cut. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** Aborts at once, or when the last section under way has ended. Only the first reason counts. */
  abort(reason: Error): void;
  /** Runs `section` to its end before an abort; does not begin it after one. @throws the reason of that abort */
  readonly uninterruptible: <T>(section: () => Promise<T>) => Promise<T>;
  /** Whether a section is under way. */
  isHeld(): boolean;
}

export function createInterruption(): Interruption {
  const controller = new AbortController();
  const { signal } = controller;
  const pending: Error[] = [];
  let sections = 0;

  function abortIfFree(): void {
    if (sections === 0 && pending.length > 0) controller.abort(pending[0]);
  }

  return {
    signal,
    abort(reason) {
      pending.push(reason);
      abortIfFree();
    },
    async uninterruptible(section) {
      if (pending[0] !== undefined) throw pending[0];
      sections += 1;
      try {
        return await section();
      } finally {
        sections -= 1;
        abortIfFree();
      }
    },
    isHeld: () => sections > 0,
  };
}
