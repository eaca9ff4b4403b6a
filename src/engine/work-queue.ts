import { createBackoff, type Backoff, type BackoffOptions } from './backoff.ts';
import { capDelay, type Clock, type Timer } from './clock.ts';
import { createDueTimes, type DueTimes } from './due-times.ts';
import { createLanes, higher, isHigher, PRIORITIES, type Lanes, type Priority } from './priority.ts';

export type { Priority } from './priority.ts';

/** What a scrape reads from a queue. */
export interface QueueFigures {
  /** Keys ready to be taken, of each priority; neither delayed ones nor those in work. */
  readonly depth: Readonly<Record<Priority, number>>;
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
 * A queue of keys with the semantics of controller-runtime's priority queue: a key is worked on by one worker at a time,
 * adding a waiting key can only make it come sooner, a key added while in work comes back once it is done.
 */
export interface WorkQueue<K extends string = string> {
  readonly name: string;
  /** Adds at once, by default as an `event`. */
  add(key: K, priority?: Priority): void;
  /**
   * Adds later, by default as a `resync`; a key that already waits is only ever moved earlier and higher. Zero and less
   * add at once, and by default as what the key is in work for. Whoever takes the key meanwhile calls off the delay.
   */
  addAfter(key: K, delayMs: number, priority?: Priority): void;
  /** Adds after the key's back-off, as what it is in work for. @returns the delay in milliseconds */
  addRateLimited(key: K): number;
  /** Resets the back-off of `key`. */
  forget(key: K): void;
  /** Failures since the last `forget`. */
  numRequeues(key: K): number;
  /**
   * The next key, which is in work until `done`; undefined once the queue is shut down and empty.
   * @param least keys of a lower priority are left to others
   */
  get(least?: Priority): Promise<K | undefined>;
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

interface Getter<K> {
  readonly least: Priority;
  readonly take: (key: K | undefined) => void;
}

interface Wanted {
  readonly since: number;
  readonly priority: Priority;
}

interface State<K extends string> {
  readonly clock: Clock;
  readonly metrics: QueueMetrics | undefined;
  readonly backoff: Backoff<K>;
  readonly ready: Lanes<K>;
  /** Keys that need a look: all ready ones, and those in work that were added meanwhile. */
  readonly dirty: Map<K, Wanted>;
  /** Keys in work, with the time of their get. */
  readonly processing: Map<K, Wanted>;
  /** Delayed keys, with the time they become ready. */
  readonly waiting: DueTimes<K>;
  readonly waitingAs: Map<K, Priority>;
  alarm: { readonly at: number; readonly timer: Timer } | undefined;
  readonly getters: Getter<K>[];
  readonly drainers: (() => void)[];
  shutDown: boolean;
}

export function createWorkQueue<K extends string = string>(options: WorkQueueOptions): WorkQueue<K> {
  const state = createState<K>(options);
  const { backoff } = state;
  state.metrics?.watch(() => figures(state));
  return {
    name: options.name,
    add: (key, priority = 'event') => add(state, key, priority),
    addAfter(key, delayMs, priority) {
      const asked = priority ?? (delayMs > 0 ? 'resync' : inWorkFor(state, key));
      addAfter(state, key, { delayMs, priority: asked });
    },
    addRateLimited(key) {
      const delayMs = backoff.when(key);
      addAfter(state, key, { delayMs, priority: inWorkFor(state, key) });
      return delayMs;
    },
    forget: (key) => backoff.forget(key),
    numRequeues: (key) => backoff.failures(key),
    get: (least = 'resync') => new Promise((take) => get(state, { least, take })),
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
    ready: createLanes(),
    dirty: new Map(),
    processing: new Map(),
    waiting: createDueTimes(),
    waitingAs: new Map(),
    alarm: undefined,
    getters: [],
    drainers: [],
    shutDown: false,
  };
}

/** What a key is asked for again goes on with what it is in work for. */
function inWorkFor<K extends string>(state: State<K>, key: K): Priority {
  return state.processing.get(key)?.priority ?? 'resync';
}

function add<K extends string>(state: State<K>, key: K, priority: Priority): void {
  if (state.shutDown) return;
  const before = state.dirty.get(key);
  if (before === undefined) {
    state.metrics?.added();
    state.dirty.set(key, { since: state.clock.monotonic(), priority });
    if (!state.processing.has(key)) push(state, key, priority);
  } else if (isHigher(priority, before.priority)) {
    state.dirty.set(key, { ...before, priority });
    if (state.ready.raise(key, before.priority, priority)) serve(state, priority);
  }
}

function push<K extends string>(state: State<K>, key: K, priority: Priority): void {
  state.ready.push(key, priority);
  serve(state, priority);
}

/** A key of that priority became ready: the worker that waits longest for such a one gets it. */
function serve<K extends string>(state: State<K>, priority: Priority): void {
  const index = state.getters.findIndex(({ least }) => !isHigher(least, priority));
  const [getter] = index === -1 ? [] : state.getters.splice(index, 1);
  if (getter !== undefined) get(state, getter);
}

function get<K extends string>(state: State<K>, getter: Getter<K>): void {
  const next = state.ready.shift(getter.least);
  if (next === undefined) {
    if (state.shutDown) getter.take(undefined);
    else state.getters.push(getter);
    return;
  }
  const { key, priority } = next;
  const now = state.clock.monotonic();
  state.metrics?.waited(seconds(now - (state.dirty.get(key)?.since ?? now)));
  state.dirty.delete(key);
  state.processing.set(key, { since: now, priority });
  // What it was to be looked at for later is seen now.
  callOff(state, key);
  getter.take(key);
}

function done<K extends string>(state: State<K>, key: K): void {
  const work = state.processing.get(key);
  if (work === undefined) return;
  state.processing.delete(key);
  state.metrics?.worked(seconds(state.clock.monotonic() - work.since));
  const wanted = state.dirty.get(key);
  if (wanted !== undefined) push(state, key, wanted.priority);
  releaseDrainers(state);
}

function addAfter<K extends string>(
  state: State<K>,
  key: K,
  { delayMs, priority }: { readonly delayMs: number; readonly priority: Priority },
): void {
  if (state.shutDown) return;
  state.metrics?.retried();
  if (!(delayMs > 0)) {
    add(state, key, priority);
    return;
  }
  const readyAt = state.clock.monotonic() + capDelay(delayMs);
  state.waitingAs.set(key, higher(priority, state.waitingAs.get(key)));
  if (readyAt >= (state.waiting.get(key) ?? Infinity)) return;
  state.waiting.set(key, readyAt);
  setAlarm(state);
}

function callOff<K extends string>(state: State<K>, key: K): void {
  state.waiting.delete(key);
  state.waitingAs.delete(key);
  setAlarm(state);
}

/** The timer stands at the earliest time that a key waits for. */
function setAlarm<K extends string>(state: State<K>): void {
  const at = state.shutDown ? undefined : state.waiting.next();
  if (state.alarm?.at === at) return;
  state.alarm?.timer.cancel();
  state.alarm = undefined;
  if (at === undefined) return;
  const timer = state.clock.setTimer(at - state.clock.monotonic(), () => wake(state));
  state.alarm = { at, timer };
}

/** A timer may fire a little early, so what is not due yet waits for the next alarm. */
function wake<K extends string>(state: State<K>): void {
  state.alarm = undefined;
  const due = state.waiting.takeDue(state.clock.monotonic());
  // Of what is due together the higher comes first, since a worker may wait already.
  for (const priority of PRIORITIES) {
    for (const key of due) if (state.waitingAs.get(key) === priority) add(state, key, priority);
  }
  for (const key of due) state.waitingAs.delete(key);
  setAlarm(state);
}

function figures<K extends string>(state: State<K>): QueueFigures {
  const now = state.clock.monotonic();
  const ages = [...state.processing.values()].map(({ since }) => seconds(now - since));
  return {
    depth: state.ready.depths(),
    unfinishedSeconds: ages.reduce((sum, age) => sum + age, 0),
    longestRunningSeconds: Math.max(0, ...ages),
  };
}

function shutDown<K extends string>(state: State<K>, drain: boolean): Promise<void> {
  state.shutDown = true;
  setAlarm(state);
  for (const getter of state.getters.splice(0)) getter.take(undefined);
  if (!drain) return Promise.resolve();
  return new Promise((resolve) => {
    state.drainers.push(resolve);
    releaseDrainers(state);
  });
}

function releaseDrainers<K extends string>(state: State<K>): void {
  if (!state.shutDown || state.dirty.size + state.processing.size > 0) return;
  for (const drained of state.drainers.splice(0)) drained();
}

function seconds(ms: number): number {
  return Math.max(0, ms) / 1000;
}
