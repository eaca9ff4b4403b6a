import { isDeepStrictEqual } from 'node:util';
import { API_VERSION, type ApiObject, type Kind, type ObjectMeta, type ObjectStatus } from '../api/meta.ts';
import { timestamp, type Clock } from './clock.ts';
import { frozen } from './frozen.ts';
import { uuidOf } from '../api/uuid.ts';

/**
 * Constraint for the map of kinds: `{ Network: { spec: NetworkSpec; status: NetworkStatus }; … }`.
 * Every field of a status but `conditions` is optional: a new object has none yet.
 */
export type KindShape<M> = {
  readonly [K in keyof M]: { readonly spec: unknown; readonly status: ObjectStatus };
};
export type KindOf<M> = keyof M & Kind;
export type ObjectOf<M extends KindShape<M>, K extends KindOf<M>> = ApiObject<
  K,
  M[K]['spec'],
  M[K]['status']
>;
/** An object of any of the kinds; `kind` tells which. */
export type AnyObject<M extends KindShape<M>> = { [K in KindOf<M>]: ObjectOf<M, K> }[KindOf<M>];

/** What a manifest says; `hash` identifies the spec's content. */
export interface Applied<Spec> {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly spec: Spec;
  readonly hash: string;
  /** RFC 3339; the clock's time when left out. Only used for a new object. */
  readonly creationTimestamp?: string | undefined;
}

export interface ApplyResult<Obj> {
  readonly object: Obj;
  /** As kubectl says it. */
  readonly result: 'created' | 'configured' | 'unchanged';
}

export interface Change<M extends KindShape<M>> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** As it is now; for DELETED, as it was last. */
  readonly object: AnyObject<M>;
  /** As it was before; undefined for ADDED. */
  readonly previous: AnyObject<M> | undefined;
  /** True when the desired state is another one: always for ADDED and DELETED, never for labels or status alone. */
  readonly specChanged: boolean;
}

export type Listener<M extends KindShape<M>> = (change: Change<M>) => void;

/** The objects, in memory. What it hands out is frozen: a change makes a new object. */
export interface Store<M extends KindShape<M>> {
  get<K extends KindOf<M>>(kind: K, name: string): ObjectOf<M, K> | undefined;
  /** By name. */
  list<K extends KindOf<M>>(kind: K): readonly ObjectOf<M, K>[];
  /** Every object, by kind and name. */
  all(): readonly AnyObject<M>[];
  /**
   * Creates or updates; one that was being removed is wanted again. The generation goes up only when that or the hash
   * changes; what changes nothing tells nobody.
   */
  apply<K extends KindOf<M>>(kind: K, applied: Applied<M[K]['spec']>): ApplyResult<ObjectOf<M, K>>;
  /** What was made from it is to be removed: gives it its deletionTimestamp. @returns false: gone, or marked before */
  terminate(kind: KindOf<M>, name: string): boolean;
  /** @returns what was removed, if it was there */
  remove<K extends KindOf<M>>(kind: K, name: string): ObjectOf<M, K> | undefined;
  /**
   * Replaces the status; ignored when the object is gone, another one of that name came, or nothing differs.
   * @returns whether it was stored
   */
  updateStatus<K extends KindOf<M>>(kind: K, name: string, uid: string, status: M[K]['status']): boolean;
  /** Calls `listener` after each change, in their order. @returns unsubscribe */
  subscribe(listener: Listener<M>): () => void;
}

export interface StoreOptions {
  readonly clock: Clock;
  /** A listener threw; the others were called all the same. By default it becomes an uncaught exception. */
  readonly onListenerError?: (error: unknown) => void;
}

/** Inside, objects are of any kind: each is kept under its kind, so the face above may name its type. */
type Untyped = Record<Kind, { readonly spec: unknown; readonly status: ObjectStatus }>;

interface Entry {
  readonly object: ApiObject;
  readonly hash: string;
}

interface State {
  readonly clock: Clock;
  readonly onListenerError: (error: unknown) => void;
  /** By `Kind/name`. */
  readonly entries: Map<string, Entry>;
  /** How often an object of that key was created, so that a recreated one has another uid. */
  readonly incarnations: Map<string, number>;
  readonly listeners: Set<Listener<Untyped>>;
  readonly changes: Change<Untyped>[];
  notifying: boolean;
  version: number;
}

export function createStore<M extends KindShape<M>>(options: StoreOptions): Store<M> {
  const state: State = {
    clock: options.clock,
    onListenerError: options.onListenerError ?? throwLater,
    entries: new Map(),
    incarnations: new Map(),
    listeners: new Set(),
    changes: [],
    notifying: false,
    version: 0,
  };
  const face = {
    get: (kind: Kind, name: string) => state.entries.get(keyOf(kind, name))?.object,
    list: (kind: Kind) => objects(state).filter((object) => object.kind === kind),
    all: () => objects(state),
    apply: (kind: Kind, applied: Applied<unknown>) => apply(state, kind, applied),
    terminate: (kind: Kind, name: string) => terminate(state, keyOf(kind, name)),
    remove: (kind: Kind, name: string) => remove(state, keyOf(kind, name)),
    updateStatus: (kind: Kind, name: string, uid: string, status: ObjectStatus) =>
      updateStatus(state, { key: keyOf(kind, name), uid, status }),
    subscribe(listener: Listener<Untyped>) {
      state.listeners.add(listener);
      return () => void state.listeners.delete(listener);
    },
  };
  return face as unknown as Store<M>;
}

function objects(state: State): ApiObject[] {
  const byKey = [...state.entries].sort(([a], [b]) => (a < b ? -1 : 1));
  return byKey.map(([, entry]) => entry.object);
}

function apply(state: State, kind: Kind, applied: Applied<unknown>): ApplyResult<ApiObject> {
  const key = keyOf(kind, applied.name);
  const before = state.entries.get(key);
  const terminated = before?.object.metadata.deletionTimestamp !== undefined;
  const specChanged = before?.hash !== applied.hash || terminated;
  const metadata = metadataOf(state, { key, applied, previous: before?.object.metadata, specChanged });
  if (before !== undefined && isDeepStrictEqual(metadata, before.object.metadata)) {
    return { object: before.object, result: 'unchanged' };
  }
  const object = frozen<ApiObject>({
    apiVersion: API_VERSION,
    kind,
    metadata: { ...metadata, resourceVersion: nextVersion(state) },
    spec: before === undefined || specChanged ? structuredClone(applied.spec) : before.object.spec,
    status: before?.object.status ?? { conditions: [] },
  });
  put(state, { key, entry: { object, hash: applied.hash }, specChanged });
  return { object, result: before === undefined ? 'created' : 'configured' };
}

interface MetadataInput {
  readonly key: string;
  readonly applied: Applied<unknown>;
  readonly previous: ObjectMeta | undefined;
  readonly specChanged: boolean;
}

function metadataOf(state: State, { key, applied, previous, specChanged }: MetadataInput): ObjectMeta {
  return {
    name: applied.name,
    ...(isEmpty(applied.labels) ? {} : { labels: { ...applied.labels } }),
    ...(isEmpty(applied.annotations) ? {} : { annotations: { ...applied.annotations } }),
    uid: previous?.uid ?? newUid(state, key),
    generation: (previous?.generation ?? 0) + (specChanged ? 1 : 0),
    resourceVersion: previous?.resourceVersion ?? '',
    creationTimestamp:
      previous?.creationTimestamp ?? applied.creationTimestamp ?? timestamp(state.clock.now()),
  };
}

/** The first one is the same after a restart of the daemon too. */
function newUid(state: State, key: string): string {
  const incarnation = state.incarnations.get(key) ?? 0;
  state.incarnations.set(key, incarnation + 1);
  return uuidOf(incarnation === 0 ? key : `${key}#${incarnation}`);
}

function terminate(state: State, key: string): boolean {
  const before = state.entries.get(key);
  if (before === undefined || before.object.metadata.deletionTimestamp !== undefined) return false;
  const { metadata } = before.object;
  const deletionTimestamp = timestamp(state.clock.now());
  const ended = { ...metadata, generation: metadata.generation + 1, deletionTimestamp };
  const object = withVersion(state, { ...before.object, metadata: ended });
  put(state, { key, entry: { object, hash: before.hash }, specChanged: true });
  return true;
}

function remove(state: State, key: string): ApiObject | undefined {
  const previous = state.entries.get(key)?.object;
  if (previous === undefined) return undefined;
  state.entries.delete(key);
  const object = withVersion(state, previous);
  tell(state, { type: 'DELETED', object, previous, specChanged: true });
  return object;
}

interface StatusUpdate {
  readonly key: string;
  readonly uid: string;
  readonly status: ObjectStatus;
}

function updateStatus(state: State, { key, uid, status }: StatusUpdate): boolean {
  const before = state.entries.get(key);
  if (before?.object.metadata.uid !== uid || isDeepStrictEqual(before.object.status, status)) return false;
  const object = withVersion(state, { ...before.object, status: structuredClone(status) });
  put(state, { key, entry: { object, hash: before.hash }, specChanged: false });
  return true;
}

interface Put {
  readonly key: string;
  readonly entry: Entry;
  readonly specChanged: boolean;
}

function put(state: State, { key, entry, specChanged }: Put): void {
  const previous = state.entries.get(key)?.object;
  state.entries.set(key, entry);
  const type = previous === undefined ? 'ADDED' : 'MODIFIED';
  tell(state, { type, object: entry.object, previous, specChanged });
}

/** A listener may itself change the store: the others still see the changes in their order. */
function tell(state: State, change: Change<Untyped>): void {
  state.changes.push(change);
  if (state.notifying) return;
  state.notifying = true;
  for (let next = state.changes.shift(); next !== undefined; next = state.changes.shift()) {
    for (const listener of [...state.listeners]) callListener(state, listener, next);
  }
  state.notifying = false;
}

function callListener(state: State, listener: Listener<Untyped>, change: Change<Untyped>): void {
  try {
    listener(change);
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
