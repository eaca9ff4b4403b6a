import { toError } from '../../src/api/errors.ts';
import {
  createController,
  type Controller,
  type Outcome,
  type PassContext,
  type Reconcile,
} from '../../src/engine/controller.ts';
import { createWorkQueue, type WorkQueue } from '../../src/engine/work-queue.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';
import { createRecordingLogger, type RecordingLogger } from './recording-logger.ts';

export interface Bed {
  readonly clock: FakeClock;
  readonly queue: WorkQueue;
  readonly controller: Controller;
  readonly log: RecordingLogger;
  readonly outcomes: Outcome['kind'][];
  /** Start of each pass: `key@milliseconds`. */
  readonly starts: string[];
}

export function createBed(
  reconcile: Reconcile,
  options: { workers?: number; reserved?: number; timeoutMs?: number } = {},
): Bed {
  const clock = createFakeClock();
  const queue = createWorkQueue({ name: 'node', clock, random: () => 0.5 });
  const log = createRecordingLogger();
  const outcomes: Outcome['kind'][] = [];
  const starts: string[] = [];
  let id = 0;
  const controller = createController({
    name: 'node',
    queue,
    clock,
    log,
    newId: () => `id-${(id += 1)}`,
    metrics: {
      controller: () => ({ passStarted: () => undefined, passEnded: (kind) => outcomes.push(kind) }),
    },
    reconcile(key, context) {
      starts.push(`${key}@${clock.monotonic()}`);
      return reconcile(key, context);
    },
    ...options,
  });
  return { clock, queue, controller, log, outcomes, starts };
}

/** Ends when its signal is aborted, as a well-behaved pass does. */
export function untilAborted(_key: string, { signal }: PassContext): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(toError(signal.reason)));
  });
}

export function throwing(error: unknown): Reconcile {
  return () =>
    Promise.resolve().then(() => {
      throw error;
    });
}
