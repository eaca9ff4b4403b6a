import { API_VERSION, type ApiObject, type ObjectRef } from '../api/meta.ts';
import { timestamp, type Clock } from './clock.ts';
import { createLru, type Lru } from './lru.ts';

export type EventType = 'Normal' | 'Warning';

/** What an event is about; `uid` keeps apart objects of one name that came after each other. */
export interface EventRef extends ObjectRef {
  readonly uid?: string;
}

/** An object of the store, or a reference to one. */
export type EventSubject = EventRef | Pick<ApiObject, 'kind' | 'metadata'>;

/** An event as Kubernetes' core/v1 has it. */
export interface ApiEvent {
  readonly apiVersion: 'v1';
  readonly kind: 'Event';
  readonly metadata: { readonly name: string; readonly creationTimestamp: string };
  readonly involvedObject: EventRef & { readonly apiVersion: typeof API_VERSION };
  readonly type: EventType;
  /** CamelCase and specific: `DomainStarted`, not `Started`. */
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
  readonly reportingComponent: string;
}

export interface EventRecorder {
  /** Says that something significant was done, changed or failed; never that nothing happened. */
  record(subject: EventSubject, type: EventType, reason: string, message: string): void;
  /** Those about `ref`, or all; the one seen last comes last. */
  list(ref?: ObjectRef): readonly ApiEvent[];
  /** Calls `listener` for each event that passes the spam filter, new or repeated. @returns unsubscribe */
  subscribe(listener: (event: ApiEvent) => void): () => void;
}

export interface EventsOptions {
  readonly clock: Clock;
  /** Default `k8slab`. */
  readonly component?: string;
  /** Events, and objects whose spam is counted, kept at most. Default 4096. */
  readonly limit?: number;
}

/** The limits of client-go's event correlator. */
const SIMILAR_LIMIT = 10;
const SIMILAR_WINDOW_MS = 600_000;
const SPAM_BURST = 25;
const SPAM_REFILL_MS = 300_000;
const MESSAGE_LIMIT = 1024;

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
  sequence: number;
}

export function createEvents(options: EventsOptions): EventRecorder {
  const { clock, component = 'k8slab', limit = 4096 } = options;
  const state: State = {
    clock,
    component,
    events: createLru(limit),
    similar: createLru(limit),
    buckets: createLru(limit),
    listeners: new Set(),
    sequence: 0,
  };
  return {
    record: (subject, type, reason, message) => record(state, refOf(subject), { type, reason, message }),
    list: (ref) => list(state, ref),
    subscribe(listener) {
      state.listeners.add(listener);
      return () => void state.listeners.delete(listener);
    },
  };
}

type Said = Pick<ApiEvent, 'type' | 'reason' | 'message'>;

/** Repeats are counted even when the filter holds them back; new ones are then dropped. */
function record(state: State, ref: EventRef, said: Said): void {
  const { key, message } = correlate(state, ref, { ...said, message: said.message.slice(0, MESSAGE_LIMIT) });
  const before = state.events.get(key);
  const passes = takeToken(state, objectKey(ref));
  if (before === undefined && !passes) return;
  const event =
    before === undefined ? first(state, ref, { ...said, message }) : again(state, before, message);
  state.events.set(key, event);
  if (passes) for (const listener of [...state.listeners]) listener(event);
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
  state.sequence += 1;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {
      name: `${ref.name}.${state.sequence.toString(16).padStart(16, '0')}`,
      creationTimestamp: now,
    },
    involvedObject: involved(ref),
    ...said,
    count: 1,
    firstTimestamp: now,
    lastTimestamp: now,
    reportingComponent: state.component,
  };
}

function again(state: State, before: ApiEvent, message: string): ApiEvent {
  return { ...before, message, count: before.count + 1, lastTimestamp: timestamp(state.clock.now()) };
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
