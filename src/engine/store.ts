import { isDeepStrictEqual } from 'node:util';
import {
  API_VERSION,
  finalizerOf,
  type ApiObject,
  type Kind,
  type ObjectMeta,
  type ObjectStatus,
} from '../api/meta.ts';
import { uuidOf } from '../api/uuid.ts';
import { timestamp } from './clock.ts';
import { frozen } from './frozen.ts';
import { createHistory, type History } from './history.ts';
import { createLru, type Lru } from './lru.ts';
import { createSortedMap, type SortedMap } from './sorted-map.ts';
import type {
  Applied,
  ApplyResult,
  Birth,
  Change,
  KindShape,
  Listener,
  Store,
  StoreOptions,
  WatchedChange,
} from './store-types.ts';

export type * from './store-types.ts';

/** Inside, objects are of any kind: each is kept under its kind, so the face above may name its type. */
type Untyped = Record<Kind, { readonly spec: unknown; readonly status: ObjectStatus }>;

interface Recorded extends WatchedChange<Untyped> {
  readonly version: number;
}

interface State extends Required<Omit<StoreOptions, 'firstVersion' | 'historyLimit'>> {
  readonly kinds: Map<string, SortedMap<ApiObject>>;
  /** What a spec's content is known by, by `Kind/name`. */
  readonly hashes: Map<string, string>;
  /** Keys whose object is gone: the next one is another one. */
  readonly gone: Lru<string, true>;
  readonly history: History<Recorded>;
  readonly listeners: Set<Listener<Untyped>>;
  readonly changes: Change<Untyped>[];
  notifying: boolean;
  version: number;
}

/** So many removed objects are remembered at most, for their uids not to be given again. */
const GONE_LIMIT = 4096;

export function createStore<M extends KindShape<M>>(options: StoreOptions): Store<M> {
  const { firstVersion = 0, historyLimit = 1024 } = options;
  const state: State = {
    clock: options.clock,
    onListenerError: options.onListenerError ?? throwLater,
    finalizers: options.finalizers ?? ((kind) => [finalizerOf(kind)]),
    remembered: options.remembered ?? (() => undefined),
    kinds: new Map(),
    hashes: new Map(),
    gone: createLru(GONE_LIMIT),
    history: createHistory(historyLimit, firstVersion),
    listeners: new Set(),
    changes: [],
    notifying: false,
    version: firstVersion,
  };
  return faceOf(state) as Store<M>;
}

function faceOf(state: State): unknown {
  return {
    get: (kind: Kind, name: string) => objectOf(state, kind, name),
    list: (kind: Kind) => state.kinds.get(kind)?.values() ?? [],
    all: () => [...state.kinds.keys()].sort().flatMap((kind) => state.kinds.get(kind)?.values() ?? []),
    version: () => String(state.version),
    apply: (kind: Kind, applied: Applied<unknown>) => apply(state, kind, applied),
    terminate: (kind: Kind, name: string) => terminate(state, objectOf(state, kind, name)),
    finalize: (kind: Kind, name: string, done: Finalized) =>
      finalize(state, objectOf(state, kind, name), done),
    remove: (kind: Kind, name: string) => remove(state, objectOf(state, kind, name)),
    updateStatus: (kind: Kind, name: string, uid: string, status: ObjectStatus) =>
      updateStatus(state, objectOf(state, kind, name), { uid, status }),
    subscribe(listener: Listener<Untyped>) {
      state.listeners.add(listener);
      return () => void state.listeners.delete(listener);
    },
    watch: (since: string, listener: (change: WatchedChange<Untyped>) => void) =>
      watch(state, since, listener),
  };
}

function objectOf(state: State, kind: Kind, name: string): ApiObject | undefined {
  return state.kinds.get(kind)?.get(name);
}

function apply(state: State, kind: Kind, applied: Applied<unknown>): ApplyResult<ApiObject> {
  const before = objectOf(state, kind, applied.name);
  const terminated = before?.metadata.deletionTimestamp !== undefined;
  const specChanged = state.hashes.get(keyOf(kind, applied.name)) !== applied.hash || terminated;
  const metadata = metadataOf(state, { kind, applied, previous: before?.metadata, specChanged });
  if (
    before !== undefined &&
    isDeepStrictEqual(metadata, before.metadata) &&
    isDeepStrictEqual(applied.origin, before.origin)
  ) {
    return { object: before, result: 'unchanged' };
  }
  const object = frozen<ApiObject>({
    apiVersion: API_VERSION,
    kind,
    metadata: { ...metadata, resourceVersion: nextVersion(state) },
    spec: before === undefined || specChanged ? structuredClone(applied.spec) : before.spec,
    status: before?.status ?? { conditions: [] },
    ...(applied.origin === undefined ? {} : { origin: structuredClone(applied.origin) }),
  });
  state.hashes.set(keyOf(kind, applied.name), applied.hash);
  put(state, object, { specChanged });
  return { object, result: before === undefined ? 'created' : 'configured' };
}

interface MetadataInput {
  readonly kind: Kind;
  readonly applied: Applied<unknown>;
  readonly previous: ObjectMeta | undefined;
  readonly specChanged: boolean;
}

function metadataOf(state: State, { kind, applied, previous, specChanged }: MetadataInput): ObjectMeta {
  const finalizers = previous === undefined ? state.finalizers(kind) : (previous.finalizers ?? []);
  const { uid, creationTimestamp } = previous ?? birthOf(state, kind, applied);
  return {
    name: applied.name,
    ...(isEmpty(applied.labels) ? {} : { labels: { ...applied.labels } }),
    ...(isEmpty(applied.annotations) ? {} : { annotations: { ...applied.annotations } }),
    uid,
    generation: (previous?.generation ?? 0) + (specChanged ? 1 : 0),
    resourceVersion: previous?.resourceVersion ?? '',
    creationTimestamp,
    ...(finalizers.length === 0 ? {} : { finalizers }),
  };
}

/** The first one of a run is the one of the run before; a version is never given twice, so that the uid is not either. */
function birthOf(state: State, kind: Kind, { name, creationTimestamp }: Applied<unknown>): Birth {
  const key = keyOf(kind, name);
  const now = creationTimestamp ?? timestamp(state.clock.now());
  if (state.gone.get(key) === true) {
    return { uid: uuidOf(`${key}#${state.version}`), creationTimestamp: now };
  }
  const birth = state.remembered(kind, name);
  return {
    uid: birth?.uid ?? uuidOf(key),
    creationTimestamp: creationTimestamp ?? birth?.creationTimestamp ?? now,
  };
}

function terminate(state: State, before: ApiObject | undefined): boolean {
  if (before === undefined || before.metadata.deletionTimestamp !== undefined) return false;
  const { metadata } = before;
  const deletionTimestamp = timestamp(state.clock.now());
  const ended = { ...metadata, generation: metadata.generation + 1, deletionTimestamp };
  const object = { ...before, metadata: ended };
  if (metadata.finalizers === undefined) remove(state, object);
  else put(state, withVersion(state, object), { specChanged: true });
  return true;
}

interface Finalized {
  readonly uid: string;
  readonly finalizer: string;
}

function finalize(state: State, before: ApiObject | undefined, { uid, finalizer }: Finalized): boolean {
  if (before?.metadata.uid !== uid || before.metadata.finalizers?.includes(finalizer) !== true) return false;
  const { finalizers, ...metadata } = before.metadata;
  const left = finalizers.filter((each) => each !== finalizer);
  const kept = left.length === 0 ? metadata : { ...metadata, finalizers: left };
  if (left.length === 0 && metadata.deletionTimestamp !== undefined) {
    remove(state, { ...before, metadata: kept });
    return true;
  }
  put(state, withVersion(state, { ...before, metadata: kept }), { specChanged: false });
  return false;
}

function remove(state: State, previous: ApiObject | undefined): ApiObject | undefined {
  if (previous === undefined) return undefined;
  const { kind, metadata } = previous;
  state.kinds.get(kind)?.delete(metadata.name);
  state.hashes.delete(keyOf(kind, metadata.name));
  state.gone.set(keyOf(kind, metadata.name), true);
  const object = withVersion(state, previous);
  tell(state, { type: 'DELETED', object, previous, specChanged: true });
  return object;
}

interface StatusUpdate {
  readonly uid: string;
  readonly status: ObjectStatus;
}

function updateStatus(state: State, before: ApiObject | undefined, { uid, status }: StatusUpdate): boolean {
  if (before?.metadata.uid !== uid || isDeepStrictEqual(before.status, status)) return false;
  const object = withVersion(state, { ...before, status: structuredClone(status) });
  put(state, object, { specChanged: false });
  return true;
}

function put(state: State, object: ApiObject, { specChanged }: { readonly specChanged: boolean }): void {
  const { kind, metadata } = object;
  const objects = state.kinds.get(kind) ?? createSortedMap<ApiObject>();
  state.kinds.set(kind, objects);
  const previous = objects.get(metadata.name);
  objects.set(metadata.name, object);
  tell(state, { type: previous === undefined ? 'ADDED' : 'MODIFIED', object, previous, specChanged });
}

/** A listener may itself change the store: the others still see the changes in their order. */
function tell(state: State, change: Change<Untyped>): void {
  const { type, object, previous } = change;
  state.history.add({ type, object, previous, version: state.version });
  state.changes.push(change);
  if (state.notifying) return;
  state.notifying = true;
  for (let next = state.changes.shift(); next !== undefined; next = state.changes.shift()) {
    for (const listener of [...state.listeners]) callListener(state, () => listener(next));
  }
  state.notifying = false;
}

/** Versions tell what was seen: a change that is over may still be on its way to the listeners. */
function watch(state: State, since: string, listener: (change: WatchedChange<Untyped>) => void): () => void {
  let seen = Number(since);
  function see({ type, object, previous }: WatchedChange<Untyped>): void {
    const version = Number(object.metadata.resourceVersion);
    if (version <= seen) return;
    seen = version;
    listener({ type, object, previous });
  }
  const past = state.history.since(since);
  state.listeners.add(see);
  for (const change of past) callListener(state, () => see(change));
  return () => void state.listeners.delete(see);
}

function callListener(state: State, call: () => void): void {
  try {
    call();
  } catch (error) {
    state.onListenerError(error);
  }
}

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

function withVersion(state: State, object: ApiObject): ApiObject {
  return frozen({ ...object, metadata: { ...object.metadata, resourceVersion: nextVersion(state) } });
}

function nextVersion(state: State): string {
  state.version += 1;
  return String(state.version);
}

function keyOf(kind: string, name: string): string {
  return `${kind}/${name}`;
}

function isEmpty(map: Readonly<Record<string, string>> | undefined): boolean {
  return map === undefined || Object.keys(map).length === 0;
}
