import type { ApiObject, Kind, ObjectStatus, Origin } from '../api/meta.ts';
import type { Clock } from './clock.ts';

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
  readonly origin?: Origin | undefined;
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
  /** By name. What it returns stays as it is, whatever changes. */
  list<K extends KindOf<M>>(kind: K): readonly ObjectOf<M, K>[];
  /** Every object, by kind and name. */
  all(): readonly AnyObject<M>[];
  /** The resourceVersion of the last change, or of the start: what a list is worth watching from. */
  version(): string;
  /**
   * Creates or updates; one that was being removed is wanted again. The generation goes up only when that or the hash
   * changes; what changes nothing tells nobody.
   */
  apply<K extends KindOf<M>>(kind: K, applied: Applied<M[K]['spec']>): ApplyResult<ObjectOf<M, K>>;
  /**
   * What was made from it is to be removed: gives it its deletionTimestamp. It goes when its last finalizer does, at once
   * when it has none. @returns false: gone, or marked before
   */
  terminate(kind: KindOf<M>, name: string): boolean;
  /**
   * What a finalizer stands for is done: takes it off. An object that is being removed goes with its last one. Ignored
   * when the object is gone, another one of that name came, or it lacks that finalizer.
   * @returns whether the object is gone now
   */
  finalize(
    kind: KindOf<M>,
    name: string,
    done: { readonly uid: string; readonly finalizer: string },
  ): boolean;
  /** Takes it out whatever its finalizers. @returns what was removed, if it was there */
  remove<K extends KindOf<M>>(kind: K, name: string): ObjectOf<M, K> | undefined;
  /**
   * Replaces the status; ignored when the object is gone, another one of that name came, or nothing differs.
   * @returns whether it was stored
   */
  updateStatus<K extends KindOf<M>>(kind: K, name: string, uid: string, status: M[K]['status']): boolean;
  /** Calls `listener` after each change, in their order. @returns unsubscribe */
  subscribe(listener: Listener<M>): () => void;
  /**
   * Calls `listener` with the changes after the version `since` that are over already, before it returns, and then with
   * each further one. @returns unsubscribe
   * @throws ReasonedError Expired when changes since then are forgotten, or the version is of another run
   */
  watch(since: string, listener: (change: WatchedChange<M>) => void): () => void;
}

export type WatchedChange<M extends KindShape<M>> = Pick<Change<M>, 'type' | 'object' | 'previous'>;

/** What an object keeps from an earlier run of the daemon. */
export interface Birth {
  readonly uid: string;
  /** RFC 3339 */
  readonly creationTimestamp: string;
}

export interface StoreOptions {
  readonly clock: Clock;
  /** A listener threw; the others were called all the same. By default it becomes an uncaught exception. */
  readonly onListenerError?: (error: unknown) => void;
  /** Every resourceVersion is above it; default 0. Above all of earlier runs, so that theirs are known to be old. */
  readonly firstVersion?: number;
  /** Changes that are kept for watches, at least. Default 1024. */
  readonly historyLimit?: number;
  /** What a new object of that kind is kept for until it is done; by default that of its controller. */
  readonly finalizers?: (kind: Kind) => readonly string[];
  readonly remembered?: (kind: Kind, name: string) => Birth | undefined;
}
