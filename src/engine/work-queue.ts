import { createBackoff, type Backoff, type BackoffOptions } from './backoff.ts';
import { capDelay, type Clock, type Timer } from './clock.ts';

/** What a scrape reads from a queue. */
export interface QueueFigures {
  /** Keys ready to be taken; neither delayed ones nor those in work. */
  readonly depth: number;
  /** Sum of the ages of the keys in work. */
  readonly unfinishedSeconds: number;
  readonly longestRunningSeconds: number;
}

/** Where a queue reports to; the names follow the workqueue_* families. */
export interface QueueMetrics {
  added(): void;
  retried(): void;
  /** Seconds from the first add to get. */
  waited(seconds: number): void;
  /** Seconds from get to done. */
  worked(seconds: number): void;
  /** `figures` is read at every scrape. */
  watch(figures: () => QueueFigures): void;
}

/**
 * A queue of keys with the semantics of client-go: a key is worked on by one worker at a time, adding a waiting key
 * changes nothing, a key added while in work comes back once it is done.
 */
export interface WorkQueue<K extends string = string> {
  readonly name: string;
  add(key: K): void;
  /** Adds later; a key that already waits is only ever moved earlier. Zero and less add at once. */
  addAfter(key: K, delayMs: number): void;
  /** Adds after the key's back-off. @returns the delay in milliseconds */
  addRateLimited(key: K): number;
  /** Resets the back-off of `key`. */
  forget(key: K): void;
  /** Failures since the last `forget`. */
  numRequeues(key: K): number;
  /** The next key, which is in work until `done`; undefined once the queue is shut down and empty. */
  get(): Promise<K | undefined>;
  done(key: K): void;
  figures(): QueueFigures;
  /**
   * Takes no further keys and drops the delayed ones; ready ones are still handed out.
   * With `drain` resolves when none is ready or in work, otherwise at once.
   */
  shutDown(options?: { readonly drain?: boolean }): Promise<void>;
}

export interface WorkQueueOptions extends BackoffOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly metrics?: { queue(name: string): QueueMetrics };
}

interface State<K extends string> {
  readonly clock: Clock;
  readonly metrics: QueueMetrics | undefined;
  readonly backoff: Backoff<K>;
  readonly ready: K[];
  /** Keys that need a look: all ready ones, and those in work that were added meanwhile. */
  readonly dirty: Set<K>;
  /** Keys in work, with the time of their get. */
  readonly processing: Map<K, number>;
  readonly addedAt: Map<K, number>;
  /** Delayed keys, with the time they become ready. */
  readonly waiting: Map<K, number>;
  alarm: { readonly at: number; readonly timer: Timer } | undefined;
  readonly getters: ((key: K | undefined) => void)[];
  readonly drainers: (() => void)[];
  shutDown: boolean;
}

export function createWorkQueue<K extends string = string>(options: WorkQueueOptions): WorkQueue<K> {
  const state = createState<K>(options);
  const { backoff } = state;
  state.metrics?.watch(() => figures(state));
  return {
    name: options.name,
    add: (key) => add(state, key),
    addAfter: (key, delayMs) => addAfter(state, key, delayMs),
    addRateLimited(key) {
      const delayMs = backoff.when(key);
      addAfter(state, key, delayMs);
      return delayMs;
    },
    forget: (key) => backoff.forget(key),
    numRequeues: (key) => backoff.failures(key),
    get: () => new Promise((resolve) => get(state, resolve)),
    done: (key) => done(state, key),
    figures: () => figures(state),
    shutDown: ({ drain = false } = {}) => shutDown(state, drain),
  };
}

function createState<K extends string>(options: WorkQueueOptions): State<K> {
  return {
    clock: options.clock,
    metrics: options.metrics?.queue(options.name),
    backoff: createBackoff<K>(options),
    ready: [],
    dirty: new Set(),
    processing: new Map(),
    addedAt: new Map(),
    waiting: new Map(),
    alarm: undefined,
    getters: [],
    drainers: [],
    shutDown: false,
  };
}

function add<K extends string>(state: State<K>, key: K): void {
  if (state.shutDown || state.dirty.has(key)) return;
  state.dirty.add(key);
  state.addedAt.set(key, state.clock.monotonic());
  state.metrics?.added();
  if (!state.processing.has(key)) push(state, key);
}

function push<K extends string>(state: State<K>, key: K): void {
  state.ready.push(key);
  const getter = state.getters.shift();
  if (getter !== undefined) get(state, getter);
}

function get<K extends string>(state: State<K>, getter: (key: K | undefined) => void): void {
  const key = state.ready.shift();
  if (key === undefined) {
    if (state.shutDown) getter(undefined);
    else state.getters.push(getter);
    return;
  }
  const now = state.clock.monotonic();
  state.dirty.delete(key);
  state.processing.set(key, now);
  state.metrics?.waited(seconds(now - (state.addedAt.get(key) ?? now)));
  state.addedAt.delete(key);
  getter(key);
}

function done<K extends string>(state: State<K>, key: K): void {
  const since = state.processing.get(key);
  if (since === undefined) return;
  state.processing.delete(key);
  state.metrics?.worked(seconds(state.clock.monotonic() - since));
  if (state.dirty.has(key)) push(state, key);
  releaseDrainers(state);
}

function addAfter<K extends string>(state: State<K>, key: K, delayMs: number): void {
  if (state.shutDown) return;
  state.metrics?.retried();
  if (!(delayMs > 0)) {
    add(state, key);
    return;
  }
  const readyAt = state.clock.monotonic() + capDelay(delayMs);
  if (readyAt >= (state.waiting.get(key) ?? Infinity)) return;
  state.waiting.set(key, readyAt);
  setAlarm(state, readyAt);
}

function setAlarm<K extends string>(state: State<K>, at: number): void {
  if (state.alarm !== undefined && state.alarm.at <= at) return;
  state.alarm?.timer.cancel();
  const timer = state.clock.setTimer(at - state.clock.monotonic(), () => wake(state));
  state.alarm = { at, timer };
}

/** A timer may fire a little early, so what is not due yet waits for the next alarm. */
function wake<K extends string>(state: State<K>): void {
  state.alarm = undefined;
  const now = state.clock.monotonic();
  let next = Infinity;
  for (const [key, readyAt] of [...state.waiting].sort((a, b) => a[1] - b[1])) {
    if (readyAt > now) {
      next = readyAt;
      break;
    }
    state.waiting.delete(key);
    add(state, key);
  }
  if (next !== Infinity) setAlarm(state, next);
}

function figures<K extends string>(state: State<K>): QueueFigures {
  const now = state.clock.monotonic();
  const ages = [...state.processing.values()].map((since) => seconds(now - since));
  return {
    depth: state.ready.length,
    unfinishedSeconds: ages.reduce((sum, age) => sum + age, 0),
    longestRunningSeconds: Math.max(0, ...ages),
  };
}

function shutDown<K extends string>(state: State<K>, drain: boolean): Promise<void> {
  state.shutDown = true;
  state.alarm?.timer.cancel();
  state.alarm = undefined;
  for (const getter of state.getters.splice(0)) getter(undefined);
  if (!drain) return Promise.resolve();
  return new Promise((resolve) => {
    state.drainers.push(resolve);
    releaseDrainers(state);
  });
}

function releaseDrainers<K extends string>(state: State<K>): void {
  if (!state.shutDown || state.ready.length > 0 || state.processing.size > 0) return;
  for (const drained of state.drainers.splice(0)) drained();
}

function seconds(ms: number): number {
  return Math.max(0, ms) / 1000;
}
