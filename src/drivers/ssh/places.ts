export interface Places {
  /** Waits for a place; the function that gives it back, once. Rejects with the signal's reason. */
  take(signal: AbortSignal): Promise<() => void>;
  used(): number;
  /** There are no more places than are taken now, but at least one. */
  shrink(): void;
  /** Rejects everybody who waits, and who comes later. */
  fail(error: Error): void;
}

/** A bounded number of places, given in the order of asking. */
export function createPlaces(max: number, { onIdle }: { onIdle: () => void }): Places {
  const queue = new Set<PromiseWithResolvers<undefined>>();
  let limit = max;
  let used = 0;
  let failure: Error | undefined;

  function next(): void {
    const [first] = queue;
    if (first === undefined || used >= limit) return;
    queue.delete(first);
    used++;
    first.resolve(undefined);
  }

  function giveBack(): void {
    used--;
    next();
    if (used === 0) onIdle();
  }

  async function take(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (failure !== undefined) throw failure;
    const turn = Promise.withResolvers<undefined>();
    function leave(): void {
      if (queue.delete(turn)) turn.reject(signal.reason);
    }
    queue.add(turn);
    signal.addEventListener('abort', leave, { once: true });
    next();
    await turn.promise.finally(() => signal.removeEventListener('abort', leave));
    let given = false;
    return () => {
      if (!given) giveBack();
      given = true;
    };
  }

  return {
    take,
    used: () => used,
    shrink: () => {
      limit = Math.max(1, used);
    },
    fail: (error) => {
      failure ??= error;
      for (const turn of queue) turn.reject(error);
      queue.clear();
    },
  };
}
