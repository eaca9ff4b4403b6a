import { AssertionError } from 'node:assert';
import { ReasonedError, toError } from '../api/errors.ts';

/**
 * What a pass asks for: `{}` nothing more, `{ requeueAfterMs }` another look later, since it is not done, `{ resyncAfterMs }`
 * the periodic look at what is done. Failures are thrown.
 */
export interface Result {
  readonly requeueAfterMs?: number;
  readonly resyncAfterMs?: number;
}

/** A failure that only a change of the object can mend: counted and logged, not retried. */
export class TerminalError extends ReasonedError {
  override readonly name: string = 'TerminalError';
}

/** How a pass ended, before anything is done about it. */
export type Outcome =
  | { readonly kind: 'success'; readonly resyncMs?: number }
  | { readonly kind: 'requeue_after'; readonly afterMs: number }
  | { readonly kind: Failure; readonly error: Error };

/**
 * `error`: the world; `terminal`: the object; `panic`: a bug in k8slab; `timeout`: the pass outran its time;
 * `interrupted`: it was told to stop.
 */
export type Failure = 'error' | 'terminal' | 'panic' | 'timeout' | 'interrupted';

const BUGS = [TypeError, RangeError, ReferenceError, SyntaxError, EvalError, URIError, AssertionError];

export function outcomeOf(result: Result): Outcome {
  const { requeueAfterMs, resyncAfterMs } = result;
  if (requeueAfterMs !== undefined) return { kind: 'requeue_after', afterMs: requeueAfterMs };
  return { kind: 'success', ...(resyncAfterMs === undefined ? {} : { resyncMs: resyncAfterMs }) };
}

export function failureOf(thrown: unknown): Outcome {
  const error = toError(thrown);
  if (error instanceof TerminalError) return { kind: 'terminal', error };
  return { kind: isBug(thrown) ? 'panic' : 'error', error };
}

/** An error with a cause was thrown on purpose: Node's fetch says a dead network with a TypeError. */
function isBug(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return true;
  return thrown.cause === undefined && BUGS.some((bug) => thrown instanceof bug);
}
