import { explainError, reasonOf } from '../api/errors.ts';
import type { Clock } from './clock.ts';
import type { LogFields, Logger } from './logger.ts';
import type { Outcome } from './outcome.ts';
import { stackOf } from './stack.ts';
import type { WorkQueue } from './work-queue.ts';

/** What a controller decides by. */
export interface Deciding<K extends string> {
  readonly queue: Pick<WorkQueue<K>, 'forget' | 'addAfter' | 'addRateLimited'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** What was last told of keys that fail, and when. */
  readonly told: Map<K, Told>;
  /** Whether somebody else tells a person of such a failure: then it is no warning. */
  readonly isToldElsewhere?: (error: Error) => boolean;
}

export interface Told {
  readonly failure: string;
  readonly at: number;
}

/** A failure that goes on is told again after so long; until then the condition of the object tells it. */
const TELL_AGAIN_MS = 3_600_000;

/** A pass that has ended. */
export interface Ended {
  readonly outcome: Outcome;
  readonly seconds: number;
  readonly log: Logger;
}

/** The one place that decides what follows a pass. */
export function decide<K extends string>(state: Deciding<K>, key: K, ended: Ended): void {
  const { queue, told } = state;
  const { outcome, seconds, log } = ended;
  switch (outcome.kind) {
    case 'success':
      queue.forget(key);
      told.delete(key);
      if (outcome.resyncMs !== undefined) queue.addAfter(key, outcome.resyncMs);
      log.debug({ seconds }, 'pass succeeded');
      return;
    case 'requeue_after':
      queue.forget(key);
      told.delete(key);
      queue.addAfter(key, outcome.afterMs);
      log.debug({ seconds, requeueAfterMs: outcome.afterMs }, 'pass succeeded');
      return;
    case 'interrupted':
      log.info({ seconds }, 'pass interrupted');
      return;
    case 'terminal':
      queue.forget(key);
      tell(state, key, { level: 'warn', error: outcome.error, log })(
        { seconds, ...failure(outcome.error) },
        'pass failed; not retried before a change',
      );
      return;
    case 'error':
    case 'timeout':
    case 'panic': {
      const { error, kind } = outcome;
      const retryInSeconds = queue.addRateLimited(key) / 1000;
      const fields = { seconds, retryInSeconds, ...failure(error) };
      const say = tell(state, key, { level: kind === 'panic' ? 'error' : 'warn', error, log });
      if (kind === 'panic') say({ ...fields, stack: stackOf(error) }, 'pass panicked');
      else say(fields, 'pass failed');
    }
  }
}

/** What goes on failing as it did is told once an hour: whoever reads warnings shall find what is new among them. */
function tell<K extends string>(
  { told, clock, isToldElsewhere }: Deciding<K>,
  key: K,
  { level, error, log }: { readonly level: 'warn' | 'error'; readonly error: Error; readonly log: Logger },
): Logger['warn'] {
  const now = clock.monotonic();
  const failure = `${reasonOf(error)} ${error.message.replaceAll(/\d+/g, '')}`;
  const before = told.get(key);
  if (before?.failure === failure && now - before.at < TELL_AGAIN_MS) return (...line) => log.debug(...line);
  told.set(key, { failure, at: now });
  const shown = isToldElsewhere?.(error) === true ? 'info' : level;
  return (...line) => log[shown](...line);
}

function failure(error: Error): LogFields {
  return { reason: reasonOf(error), why: explainError(error) };
}
