import { plain } from '../api/plain.ts';
import { API_VERSION, type ApiObject, type ObjectRef } from '../api/meta.ts';
import { uuidOf } from '../api/uuid.ts';
import { timestamp, type Clock } from './clock.ts';
import { createHistory, type History } from './history.ts';
import { createLru, type Lru } from './lru.ts';

export type EventType = 'Normal' | 'Warning';

/** What an event is about; `uid` keeps apart objects of one name that came after each other. */
export interface EventRef extends ObjectRef {
  readonly uid?: string;
}

/** An object of the store, or a reference to one. */
export type EventSubject = EventRef | Pick<ApiObject, 'kind' | 'metadata'>;

/** Where Kubernetes has the events of objects that are in no namespace. */
export const EVENT_NAMESPACE = 'default';

export interface EventMeta {
  readonly name: string;
  readonly namespace: typeof EVENT_NAMESPACE;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
}

/** An event as Kubernetes' core/v1 has it. */
export interface ApiEvent {
  readonly apiVersion: 'v1';
  readonly kind: 'Event';
  readonly metadata: EventMeta;
  readonly involvedObject: EventRef & { readonly apiVersion: typeof API_VERSION };
  readonly type: EventType;
  /** CamelCase and specific: `DomainStarted`, not `Started`. */
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
  readonly source: { readonly component: string };
  readonly reportingComponent: string;
}

export interface WatchedEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: ApiEvent;
}

export interface EventRecorder {
  /** Says that something significant was done, changed or failed; never that nothing happened. */
  record(subject: EventSubject, type: EventType, reason: string, message: string): void;
  /** Those about `ref`, or all; the one seen last comes last. */
  list(ref?: ObjectRef): readonly ApiEvent[];
  /** Calls `listener` for each event that passes the spam filter, new or repeated. @returns unsubscribe */
  subscribe(listener: (event: ApiEvent) => void): () => void;
  /** The resourceVersion of the last one, or of the start. */
  version(): string;
  /**
   * Calls `listener` with what came after the version `since`, before it returns, and then with what comes.
   * @returns unsubscribe
   * @throws ReasonedError Expired when that is forgotten, or the version is of another run
   */
  watch(since: string, listener: (change: WatchedEvent) => void): () => void;
}

export interface EventsOptions {
  readonly clock: Clock;
  /** Default `k8slab`. */
  readonly component?: string;
  /** Events, and objects whose spam is counted, kept at most. Default 4096. */
  readonly limit?: number;
  /** Every resourceVersion is above it; default 0. Above all of earlier runs, so that theirs are known to be old. */
  readonly firstVersion?: number;
}

/** The limits of client-go's event correlator. */
const SIMILAR_LIMIT = 10;
const SIMILAR_WINDOW_MS = 600_000;
const SPAM_BURST = 25;
const SPAM_REFILL_MS = 300_000;
const MESSAGE_LIMIT = 1024;
/** Changes that are kept for watches, at least. */
const HISTORY_LIMIT = 1024;

/** Messages that differ in nothing but the message, within the window. */
interface Similar {
  readonly messages: Set<string>;
  seenAt: number;
}

interface Bucket {
  tokens: number;
  filledAt: number;
}

interface State {
  readonly clock: Clock;
  readonly component: string;
  readonly events: Lru<string, ApiEvent>;
  readonly similar: Lru<string, Similar>;
  readonly buckets: Lru<string, Bucket>;
  readonly listeners: Set<(event: ApiEvent) => void>;
  readonly watchers: Set<(change: WatchedEvent) => void>;
  readonly history: History<WatchedEvent & { readonly version: number }>;
  version: number;
}

export function createEvents(options: EventsOptions): EventRecorder {
  const { clock, component = 'k8slab', limit = 4096, firstVersion = 0 } = options;
  const state: State = {
    clock,
    component,
    events: createLru(limit),
    similar: createLru(limit),
    buckets: createLru(limit),
    listeners: new Set(),
    watchers: new Set(),
    history: createHistory(HISTORY_LIMIT, firstVersion),
    version: firstVersion,
  };
  return {
    record: (subject, type, reason, message) => record(state, refOf(subject), { type, reason, message }),
    list: (ref) => list(state, ref),
    subscribe(listener) {
      state.listeners.add(listener);
      return () => void state.listeners.delete(listener);
    },
    version: () => String(state.version),
    watch(since, listener) {
      const past = state.history.since(since);
      // Each watch is one of its own, though the same listener be given twice.
      const watcher = (change: WatchedEvent): void => listener(change);
      for (const change of past) watcher(change);
      state.watchers.add(watcher);
      return () => void state.watchers.delete(watcher);
    },
  };
}

type Said = Pick<ApiEvent, 'type' | 'reason' | 'message'>;

/** Repeats are counted even when the filter holds them back; new ones are then dropped. */
function record(state: State, ref: EventRef, said: Said): void {
  const { key, message } = correlate(state, ref, {
    ...said,
    message: plain(said.message.slice(0, MESSAGE_LIMIT)),
  });
  const before = state.events.get(key);
  const passes = takeToken(state, objectKey(ref));
  if (before === undefined && !passes) return;
  const event =
    before === undefined ? first(state, ref, { ...said, message }) : again(state, before, message);
  const forgotten = state.events.set(key, event);
  if (passes) for (const listener of [...state.listeners]) listener(event);
  if (passes) tell(state, before === undefined ? 'ADDED' : 'MODIFIED', event);
  if (forgotten === undefined) return;
  const metadata = { ...forgotten.metadata, resourceVersion: nextVersion(state) };
  tell(state, 'DELETED', { ...forgotten, metadata });
}

function tell(state: State, type: WatchedEvent['type'], object: ApiEvent): void {
  const change = { type, object };
  state.history.add({ ...change, version: Number(object.metadata.resourceVersion) });
  for (const watcher of [...state.watchers]) watcher(change);
}

function nextVersion(state: State): string {
  state.version += 1;
  return String(state.version);
}

/** Events of one key are one event. Beyond the limit, similar ones share a key whatever their message. */
function correlate(state: State, ref: EventRef, said: Said): { key: string; message: string } {
  const similarKey = JSON.stringify([objectKey(ref), said.type, said.reason]);
  const now = state.clock.monotonic();
  let similar = state.similar.get(similarKey);
  if (similar === undefined || now - similar.seenAt > SIMILAR_WINDOW_MS) {
    similar = { messages: new Set(), seenAt: now };
    state.similar.set(similarKey, similar);
  }
  similar.seenAt = now;
  similar.messages.add(said.message);
  if (similar.messages.size <= SIMILAR_LIMIT) {
    return { key: JSON.stringify([similarKey, said.message]), message: said.message };
  }
  similar.messages.delete(said.message);
  return {
    key: similarKey,
    message: `(combined from similar events): ${said.message}`.slice(0, MESSAGE_LIMIT),
  };
}

function first(state: State, ref: EventRef, said: Said): ApiEvent {
  const now = timestamp(state.clock.now());
  const resourceVersion = nextVersion(state);
  const name = `${ref.name}.${state.version.toString(16).padStart(16, '0')}`;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {
      name,
      namespace: EVENT_NAMESPACE,
      uid: uuidOf(`Event/${name}`),
      resourceVersion,
      creationTimestamp: now,
    },
    involvedObject: involved(ref),
    ...said,
    count: 1,
    firstTimestamp: now,
    lastTimestamp: now,
    source: { component: state.component },
    reportingComponent: state.component,
  };
}

function again(state: State, before: ApiEvent, message: string): ApiEvent {
  const metadata = { ...before.metadata, resourceVersion: nextVersion(state) };
  const lastTimestamp = timestamp(state.clock.now());
  return { ...before, metadata, message, count: before.count + 1, lastTimestamp };
}

/** A token bucket per object: a burst, then one in five minutes. */
function takeToken(state: State, key: string): boolean {
  const now = state.clock.monotonic();
  const bucket = state.buckets.get(key) ?? { tokens: SPAM_BURST, filledAt: now };
  bucket.tokens = Math.min(SPAM_BURST, bucket.tokens + (now - bucket.filledAt) / SPAM_REFILL_MS);
  bucket.filledAt = now;
  state.buckets.set(key, bucket);
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

function list(state: State, ref: ObjectRef | undefined): ApiEvent[] {
  const events = state.events.values();
  if (ref === undefined) return events;
  return events.filter(
    ({ involvedObject }) => involvedObject.kind === ref.kind && involvedObject.name === ref.name,
  );
}

function involved({ kind, name, uid }: EventRef): ApiEvent['involvedObject'] {
  return { apiVersion: API_VERSION, kind, name, ...(uid === undefined ? {} : { uid }) };
}

function refOf(subject: EventSubject): EventRef {
  if ('name' in subject) return subject;
  const { kind, metadata } = subject;
  return { kind, name: metadata.name, uid: metadata.uid };
}

function objectKey(ref: EventRef): string {
  return JSON.stringify([ref.kind, ref.name, ref.uid ?? '']);
}
