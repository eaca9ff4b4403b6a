import { randomUUID } from 'node:crypto';
import { explainError, ReasonedError, reasonOf } from '../api/errors.ts';
import { settlesWithin, type Clock } from './clock.ts';
import type { LogFields, Logger } from './logger.ts';
import { failureOf, outcomeOf, type Outcome, type Result } from './outcome.ts';
import type { WorkQueue } from './work-queue.ts';

export { TerminalError, type Outcome, type Result } from './outcome.ts';

export interface PassContext {
  /** Aborted when the pass runs out of time or the daemon stops. */
  readonly signal: AbortSignal;
  /** Carries controller, key and reconcileID. */
  readonly log: Logger;
}

export type Reconcile<K extends string = string> = (key: K, context: PassContext) => Promise<Result>;

/** Where a controller reports to; the names follow the controller_runtime_* families. */
export interface ControllerMetrics {
  passStarted(): void;
  passEnded(outcome: Outcome['kind'], seconds: number): void;
}

export interface ControllerOptions<K extends string = string> {
  readonly name: string;
  /** Owned by the controller from here on: `stop` shuts it down. */
  readonly queue: WorkQueue<K>;
  readonly reconcile: Reconcile<K>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Passes at the same time; one key is never in two of them. Default 1. */
  readonly workers?: number;
  /** Time one pass may take. Default 60 s. */
  readonly timeoutMs?: number;
  readonly metrics?: { controller(name: string, workers: number): ControllerMetrics };
  /** Makes a reconcileID. */
  readonly newId?: () => string;
}

export interface Controller {
  readonly name: string;
  /** Starts the workers; throws when called twice. */
  start(): void;
  /**
   * Starts no further pass, gives those under way `graceMs` (default 10 s) to end on their own, then aborts them.
   * Resolves when they have ended, or 5 s after the abort at the latest.
   */
  stop(options?: { readonly graceMs?: number }): Promise<void>;
}

/** How long an aborted pass may take to end before its worker goes on without it. */
const ABANDON_MS = 5000;
/** Reason of the abort of a pass that runs out of time. */
export const RECONCILE_TIMEOUT = 'ReconcileTimeout';

interface State<K extends string> extends ControllerOptions<K> {
  readonly meter: ControllerMetrics | undefined;
  readonly timeoutMs: number;
  readonly newId: () => string;
  /** Passes under way, each with what aborts it. */
  readonly passes: Map<Promise<void>, AbortController>;
  stopping: boolean;
}

/** The loop around `reconcile`: whatever a pass does, the controller lives and the key is not lost. */
export function createController<K extends string = string>(options: ControllerOptions<K>): Controller {
  const { name, workers = 1, timeoutMs = 60_000, newId = randomUUID } = options;
  const state: State<K> = {
    ...options,
    timeoutMs,
    newId,
    log: options.log.child({ controller: name }),
    meter: options.metrics?.controller(name, workers),
    passes: new Map(),
    stopping: false,
  };
  let running: Promise<unknown> | undefined;
  return {
    name,
    start() {
      if (running !== undefined) throw new Error(`cannot start controller "${name}": it was started before`);
      running = Promise.all(Array.from({ length: workers }, () => work(state)));
    },
    async stop({ graceMs = 10_000 } = {}) {
      await stopPasses(state, graceMs);
      await running;
    },
  };
}

async function work<K extends string>(state: State<K>): Promise<void> {
  for (;;) {
    const key = await state.queue.get();
    if (key === undefined) return;
    if (state.stopping) state.queue.done(key);
    else await startPass(state, key);
  }
}

/** Resolves when the pass has ended, or is so long overdue that its worker goes on to other keys. */
async function startPass<K extends string>(state: State<K>, key: K): Promise<void> {
  const log = state.log.child({ key, reconcileID: state.newId() });
  const abort = new AbortController();
  const timer = state.clock.setTimer(state.timeoutMs, () => abort.abort(timeoutError(state, key)));
  const pass = runPass(state, key, { signal: abort.signal, log }).finally(() => {
    timer.cancel();
    state.passes.delete(pass);
  });
  state.passes.set(pass, abort);
  if (await settlesBeforeAbandoned(state.clock, pass, abort.signal)) return;
  log.error(
    { timeoutMs: state.timeoutMs },
    'pass does not end although aborted; its key stays blocked until it does',
  );
}

async function settlesBeforeAbandoned(
  clock: Clock,
  pass: Promise<void>,
  signal: AbortSignal,
): Promise<boolean> {
  const aborted = Promise.withResolvers<false>();
  signal.addEventListener('abort', () => aborted.resolve(false), { once: true });
  const settled = await Promise.race([pass.then(() => true), aborted.promise]);
  return settled || settlesWithin(clock, pass, ABANDON_MS);
}

/** Never rejects. The key is in work until the pass has really ended, so that it never runs twice at once. */
async function runPass<K extends string>(state: State<K>, key: K, context: PassContext): Promise<void> {
  const { clock, meter, queue } = state;
  const startedAt = clock.monotonic();
  meter?.passStarted();
  context.log.debug({}, 'pass started');
  const outcome = await attempt(() => state.reconcile(key, context), context.signal);
  const seconds = (clock.monotonic() - startedAt) / 1000;
  meter?.passEnded(outcome.kind, seconds);
  decide(queue, key, { outcome, seconds, log: context.log });
  queue.done(key);
}

/** What an aborted pass throws says nothing about the object; what it completed stands. */
async function attempt(reconcile: () => Promise<Result>, signal: AbortSignal): Promise<Outcome> {
  try {
    return outcomeOf(await reconcile());
  } catch (thrown) {
    if (!signal.aborted) return failureOf(thrown);
    const error = signal.reason as ReasonedError;
    return { kind: error.reason === RECONCILE_TIMEOUT ? 'timeout' : 'interrupted', error };
  }
}

interface Ended {
  readonly outcome: Outcome;
  readonly seconds: number;
  readonly log: Logger;
}

/** The one place that decides what follows a pass. */
function decide<K extends string>(queue: WorkQueue<K>, key: K, { outcome, seconds, log }: Ended): void {
  switch (outcome.kind) {
    case 'success':
      queue.forget(key);
      log.debug({ seconds }, 'pass succeeded');
      return;
    case 'requeue_after':
      queue.forget(key);
      queue.addAfter(key, outcome.afterMs);
      log.debug({ seconds, requeueAfterMs: outcome.afterMs }, 'pass succeeded');
      return;
    case 'interrupted':
      log.info({ seconds }, 'pass interrupted');
      return;
    case 'terminal':
      queue.forget(key);
      log.warn({ seconds, ...failure(outcome.error) }, 'pass failed; not retried before a change');
      return;
    case 'error':
    case 'timeout':
      log.warn({ seconds, retryInMs: queue.addRateLimited(key), ...failure(outcome.error) }, 'pass failed');
      return;
    case 'panic':
      log.error(
        { seconds, retryInMs: queue.addRateLimited(key), ...failure(outcome.error) },
        'pass panicked',
      );
  }
}

function failure(error: Error): LogFields {
  return { reason: reasonOf(error), why: explainError(error) };
}

function timeoutError<K extends string>(state: State<K>, key: K): ReasonedError {
  const limit = `${state.timeoutMs / 1000} s`;
  return new ReasonedError(
    RECONCILE_TIMEOUT,
    `cannot reconcile ${state.name} "${key}": not done after ${limit}`,
  );
}

async function stopPasses<K extends string>(state: State<K>, graceMs: number): Promise<void> {
  const { clock, name, passes } = state;
  state.stopping = true;
  await state.queue.shutDown();
  if (await settlesWithin(clock, Promise.all(passes.keys()), graceMs)) return;
  const reason = new ReasonedError('Stopping', `cannot finish reconcile of ${name}: k8slab stops`);
  for (const abort of passes.values()) abort.abort(reason);
  if (await settlesWithin(clock, Promise.all(passes.keys()), ABANDON_MS)) return;
  state.log.error({ passes: passes.size }, 'passes do not end although aborted; stopping without them');
}
