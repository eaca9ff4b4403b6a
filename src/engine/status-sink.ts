import { mergeConditions } from '../api/conditions.ts';
import { finalizerOf, type ApiObject, type Condition, type ConditionInput } from '../api/meta.ts';
import { timestamp, type Clock } from './clock.ts';
import type { KindOf, KindShape, ObjectOf, Store } from './store.ts';

/** A status as a pass found it: its conditions have no times yet. */
export type FoundStatus<Status> = Omit<Status, 'conditions' | 'observedGeneration'> & {
  readonly conditions: readonly ConditionInput[];
  readonly observedGeneration?: number;
};

/**
 * Where it is written what became of an object: the store, from which the API serves it. A Kubernetes API server would be
 * the second one. An object that is gone by then, or another one of its name, is left alone.
 */
export interface StatusSink<M extends KindShape<M>> {
  /** The one write of a pass, at its end; a condition whose status is as it was keeps its `lastTransitionTime`. */
  write<K extends KindOf<M>>(object: ObjectOf<M, K>, status: FoundStatus<M[K]['status']>): Promise<void>;
  /** Nothing is left of what was made from the object: it may go. */
  finalize<K extends KindOf<M>>(object: ObjectOf<M, K>): Promise<void>;
}

export interface StoreSinkDeps<M extends KindShape<M>> {
  readonly store: Store<M>;
  readonly clock: Clock;
  /** The conditions that an object had in an earlier run: what is as it was then has not changed. */
  readonly remembered?: (object: Pick<ApiObject, 'kind' | 'metadata'>) => readonly Condition[];
}

export function createStoreSink<M extends KindShape<M>>(deps: StoreSinkDeps<M>): StatusSink<M> {
  const { store, clock, remembered } = deps;
  return {
    write(object, found) {
      const { name, uid } = object.metadata;
      const current = store.get(object.kind, name)?.status.conditions ?? [];
      const before = current.length === 0 ? (remembered?.(object) ?? []) : current;
      const generation = found.observedGeneration ?? 0;
      const conditions = mergeConditions(before, found.conditions, timestamp(clock.now()), generation);
      store.updateStatus(object.kind, name, uid, { ...found, conditions });
      return Promise.resolve();
    },
    finalize({ kind, metadata }) {
      const { name, uid } = metadata;
      // What is only looked at, as an orphan that is held, may be gone without having been marked.
      if (store.get(kind, name)?.metadata.uid === uid) store.terminate(kind, name);
      store.finalize(kind, name, { uid, finalizer: finalizerOf(kind) });
      return Promise.resolve();
    },
  };
}
