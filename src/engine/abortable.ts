import { toError } from '../api/errors.ts';
import type { Clock } from './clock.ts';

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

/** What `work` comes to, or `late` when it has not ended `at` that monotonic time: it is aborted then, or not begun. */
export async function byDeadline<T>(
  clock: Clock,
  { at, late }: { readonly at: number; readonly late: Error },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const left = at - clock.monotonic();
  if (left <= 0) throw late;
  const controller = new AbortController();
  const timer = clock.setTimer(left, () => controller.abort(late));
  try {
    return await unlessAborted(work(controller.signal), controller.signal);
  } finally {
    timer.cancel();
  }
}
