import type { Action, Plan } from '../api/disruption/action.ts';
import type { ConditionInput, Kind, KindMap } from '../api/meta.ts';
import type { MemoryOf } from '../engine/memory.ts';
import type { ObjectOf } from './objects.ts';

/** What one look at an object showed: what is to be done about it, and what its status says. */
export interface Look<K extends Kind, A extends Action, Extra> {
  readonly plan: Plan<A>;
  readonly conditions: readonly ConditionInput[];
  readonly fields: Omit<KindMap[K]['status'], 'conditions' | 'observedGeneration'>;
  /** When to look again without being told; undefined: at the periodic pass. */
  readonly again?: number;
  readonly extra: Extra;
}

/** What a look is given beside the object. */
export interface LookContext<K extends Kind> {
  readonly signal: AbortSignal;
  /** Undefined: nothing is remembered of the object yet. */
  readonly memory: MemoryOf<K> | undefined;
}

/** What happened to an object in a pass, as far as it is remembered. */
export type PassEvent<K extends Kind, A extends Action, Extra> = {
  readonly look: Look<K, A, Extra>;
  readonly object: ObjectOf<K>;
} & (
  | { readonly type: 'looked' }
  | { readonly type: 'executing' | 'executed'; readonly action: A }
  | { readonly type: 'failed'; readonly action: A; readonly error: unknown }
);

/** A kind's own part of a pass; the order of the steps is the same for all kinds and stands in `createPass`. */
export interface Reconciler<K extends Kind, A extends Action, Extra> {
  readonly kind: K;
  /** Observes without changing anything, and plans. */
  look(object: ObjectOf<K>, context: LookContext<K>): Promise<Look<K, A, Extra>>;
  execute(action: A, look: Look<K, A, Extra>, object: ObjectOf<K>, signal: AbortSignal): Promise<void>;
  /** Whether others have not taken meanwhile what the action needs; false: it is put off, and what follows. */
  mayBegin?(action: A, object: ObjectOf<K>): boolean;
  /** What is remembered after an event. Changes nothing, and decides nothing that the planner is to decide. */
  remember?(memory: MemoryOf<K> | undefined, event: PassEvent<K, A, Extra>): MemoryOf<K>;
  /** Whether the action is worse half done than not at all: the daemon's stop waits for it. */
  isWhole?(action: A): boolean;
}
