import { randomUUID } from 'node:crypto';
import { explainError, ReasonedError } from '../api/errors.ts';
import { settlesWithin, type Clock } from './clock.ts';
import { createInterruption, type Interruption } from './interruption.ts';
import { decide, type Deciding } from './decide.ts';
import type { Logger } from './logger.ts';
import { failureOf, outcomeOf, type Outcome, type Result } from './outcome.ts';
import { stackOf } from './stack.ts';
import type { Priority, WorkQueue } from './work-queue.ts';

export { TerminalError, type Outcome, type Result } from './outcome.ts';

export interface PassContext {
  /** Aborted when the pass runs out of time or the daemon stops. */
  readonly signal: AbortSignal;
  /** Carries controller, key and reconcileID. */
  readonly log: Logger;
  /**
   * Runs what is worse half done than not at all: neither the pass's deadline nor the daemon's stop cuts it, and the stop
   * waits for it. Throws instead of beginning it once the pass is to end. Its calls together need a deadline that is
   * shorter than STOP_MS.hold.
   */
  readonly uninterruptible: <T>(section: () => Promise<T>) => Promise<T>;
}

export type Reconcile<K extends string = string> = (key: K, context: PassContext) => Promise<Result>;

/** Where a controller reports to; the names follow the controller_runtime_* families. */
export interface ControllerMetrics {
  passStarted(): void;
  passEnded(outcome: Outcome['kind'], seconds: number): void;
}

export interface ControllerOptions<K extends string = string> extends Pick<Deciding<K>, 'isToldElsewhere'> {
  readonly name: string;
  /** Owned by the controller from here on: `stop` shuts it down. */
  readonly queue: WorkQueue<K>;
  readonly reconcile: Reconcile<K>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Passes at the same time; one key is never in two of them. Default 1. */
  readonly workers?: number;
  /** How many of the workers take edits and events only, so that slow looks never hold all of them. Default 0. */
  readonly reserved?: number;
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
  /** What shows that it no longer does its work; undefined: it does. */
  problem(): string | undefined;
  /**
   * Starts no further pass from the call on, gives those under way `graceMs` (default STOP_MS.grace) to end on their own,
   * then aborts them. Resolves when they have ended, or at the latest STOP_MS.abandon after the abort, or STOP_MS.hold
   * after it when a section that must not be cut is under way.
   */
  stop(options?: { readonly graceMs?: number }): Promise<void>;
}

/** How long a stop waits for what (ms); packaging/systemd/k8slabd.service allows for the sum. */
export const STOP_MS = {
  grace: 10_000,
  /** How long an aborted pass may take to end before its worker goes on without it. */
  abandon: 5000,
  /** Longer than a section that must not be cut may take: see `uninterruptible`. */
  hold: 60_000,
};
/** A pass that is under way for so long has ignored its abort: nothing but a restart of the daemon frees its key. */
const STUCK_MS = 300_000;
/** Reason of the abort of a pass that runs out of time. */
export const RECONCILE_TIMEOUT = 'ReconcileTimeout';

interface State<K extends string> extends ControllerOptions<K>, Pick<Deciding<K>, 'told'> {
  readonly meter: ControllerMetrics | undefined;
  readonly timeoutMs: number;
  readonly newId: () => string;
  readonly passes: Set<RunningPass>;
  stopping: boolean;
  /** When a pass last began or ended. */
  progressAt: number;
  /** A worker ended by itself, which is a bug. */
  broken: string | undefined;
}

interface RunningPass {
  readonly key: string;
  readonly since: number;
  readonly interruption: Interruption;
  readonly ended: Promise<void>;
}

/** The loop around `reconcile`: whatever a pass does, the controller lives and the key is not lost. */
export function createController<K extends string = string>(options: ControllerOptions<K>): Controller {
  const { name, workers = 1, reserved = 0, timeoutMs = 60_000, newId = randomUUID } = options;
  const state: State<K> = {
    ...options,
    timeoutMs,
    newId,
    log: options.log.child({ controller: name }),
    meter: options.metrics?.controller(name, workers),
    passes: new Set(),
    told: new Map(),
    stopping: false,
    progressAt: options.clock.monotonic(),
    broken: undefined,
  };
  let running: Promise<unknown> | undefined;
  return {
    name,
    start() {
      if (running !== undefined) throw new Error(`cannot start controller "${name}": it was started before`);
      running = Promise.all(
        Array.from({ length: workers }, (_, index) => work(state, index < reserved ? 'event' : 'resync')),
      );
    },
    problem: () => problem(state),
    async stop({ graceMs = STOP_MS.grace } = {}) {
      if (await stopPasses(state, graceMs)) await running;
    },
  };
}

function problem<K extends string>(state: State<K>): string | undefined {
  const { clock, name, passes, broken, queue, progressAt } = state;
  if (broken !== undefined) return broken;
  const now = clock.monotonic();
  const stuck = [...passes].find(({ since }) => now - since >= STUCK_MS);
  if (stuck === undefined) {
    const ready = Object.values(queue.figures().depth).reduce((sum, depth) => sum + depth, 0);
    if (ready === 0 || now - progressAt < STUCK_MS) return undefined;
    return `${ready} of ${name} wait, and no pass has begun or ended for ${Math.floor((now - progressAt) / 1000)} s`;
  }
  return `a pass over ${name} "${stuck.key}" has not ended for ${Math.floor((now - stuck.since) / 1000)} s`;
}

async function work<K extends string>(state: State<K>, least: Priority): Promise<void> {
  try {
    for (;;) {
      const key = await state.queue.get(least);
      if (key === undefined) return;
      state.progressAt = state.clock.monotonic();
      if (state.stopping) state.queue.done(key);
      else await startPass(state, key);
    }
  } catch (thrown) {
    state.broken = `a worker for ${state.name} ended: ${explainError(thrown)}`;
    state.log.error({ why: explainError(thrown), stack: stackOf(thrown) }, 'a worker ended by a bug');
  }
}

/** Resolves when the pass has ended, or is so long overdue that its worker goes on to other keys. */
async function startPass<K extends string>(state: State<K>, key: K): Promise<void> {
  const log = state.log.child({ key, reconcileID: state.newId() });
  const interruption = createInterruption();
  const { signal, uninterruptible } = interruption;
  const timer = state.clock.setTimer(state.timeoutMs, () => interruption.abort(timeoutError(state, key)));
  const since = state.clock.monotonic();
  const ended = runPass(state, key, { signal, log, uninterruptible }).finally(() => {
    timer.cancel();
    state.progressAt = state.clock.monotonic();
    state.passes.delete(pass);
  });
  const pass: RunningPass = { key, since, interruption, ended };
  state.passes.add(pass);
  if (await settlesBeforeAbandoned(state.clock, ended, signal)) return;
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
  return settled || settlesWithin(clock, pass, STOP_MS.abandon);
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
  decide(state, key, { outcome, seconds, log: context.log });
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

function timeoutError<K extends string>(state: State<K>, key: K): ReasonedError {
  const limit = `${state.timeoutMs / 1000} s`;
  return new ReasonedError(
    RECONCILE_TIMEOUT,
    `cannot reconcile ${state.name} "${key}": not done after ${limit}`,
  );
}

/** @returns whether all passes have ended */
async function stopPasses<K extends string>(state: State<K>, graceMs: number): Promise<boolean> {
  const { clock, name, passes } = state;
  state.stopping = true;
  await state.queue.shutDown();
  if (await allEndWithin(clock, passes, () => graceMs)) return true;
  const reason = new ReasonedError('Stopping', `cannot finish reconcile of ${name}: k8slab stops`);
  for (const { interruption } of passes) interruption.abort(reason);
  const limit = ({ interruption }: RunningPass): number =>
    interruption.isHeld() ? STOP_MS.hold : STOP_MS.abandon;
  if (await allEndWithin(clock, passes, limit)) return true;
  state.log.error({ passes: passes.size }, 'passes do not end although aborted; stopping without them');
  return false;
}

async function allEndWithin(
  clock: Clock,
  passes: ReadonlySet<RunningPass>,
  limitMs: (pass: RunningPass) => number,
): Promise<boolean> {
  const ends = [...passes].map((pass) => settlesWithin(clock, pass.ended, limitMs(pass)));
  return (await Promise.all(ends)).every(Boolean);
}
