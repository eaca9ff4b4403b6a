import { toError } from '../api/errors.ts';

/** What `work` comes to, or the signal's reason when that comes first; the work goes on and its failure is dropped. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    function abort(): void {
      reject(toError(signal.reason));
    }
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Runs `each` over the items, so many at a time. @returns the results in the order of the items */
export async function mapAtOnce<T, R>(
  items: readonly T[],
  atOnce: number,
  each: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const todo = items.entries();
  async function worker(): Promise<void> {
    for (const [index, item] of todo) results[index] = await each(item);
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}
