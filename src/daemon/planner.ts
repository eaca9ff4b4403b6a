import { explainError } from '../api/errors.ts';
import { isElsewhere, type ConditionInput, type Kind } from '../api/meta.ts';
import type { Kinds } from '../api/kinds/kinds.ts';
import { mergeConditions } from '../api/conditions.ts';
import { shown, type Action, type PlannedObject } from '../api/disruption/action.ts';
import type { Waiting } from '../api/disruption/waiting.ts';
import { mapAtOnce } from '../drivers/at-once.ts';
import { unlessAborted } from '../engine/abortable.ts';
import { timestamp, type Clock } from '../engine/clock.ts';
import type { ObjectOf, ObjectStore } from '../controllers/objects.ts';
import { lookOnly } from '../controllers/look-only.ts';
import type { Look, LookContext, Reconciler } from '../controllers/reconciler.ts';
import type { Memory } from '../engine/memory.ts';

export type Reconcilers = { readonly [K in Kind]: AnyReconciler<K> };
type AnyReconciler<K extends Kind> = Reconciler<K, never, never>;

export interface PlannerDeps {
  /** Read only: planning changes nothing that is remembered. */
  readonly memory: Pick<Memory, 'read'>;
  readonly kinds: Kinds;
  readonly store: ObjectStore;
  readonly reconcilers: Reconcilers;
  readonly clock: Clock;
  /** Why an object is left alone: errors between manifests that name it. */
  readonly condemned: (kind: Kind, name: string) => ConditionInput | undefined;
  /** Why an object without a manifest is not being removed. */
  readonly held?: (kind: Kind, name: string) => Waiting | undefined;
  /** What each look finds is written to the store: for a store of candidates, never for the daemon's own. */
  readonly remember: boolean;
}

/** Looks that wait for guests wait together. */
const AT_ONCE = 8;

/**
 * The very actions that the next pass of each object would execute. What was not looked at before the signal is aborted
 * has its reason as its error.
 */
export async function planAll(deps: PlannerDeps, signal: AbortSignal): Promise<PlannedObject[]> {
  const found: PlannedObject[] = [];
  for (const kind of planned(deps.kinds)) {
    // What one look of a candidate finds is there for the next one.
    const atOnce = deps.remember ? 1 : AT_ONCE;
    const plan = (object: ObjectOf<typeof kind>): Promise<PlannedObject> =>
      planWithin(deps, kind, object, signal);
    const here = deps.store.list(kind).filter((object) => !isElsewhere(object));
    found.push(...(await mapAtOnce(here, atOnce, plan)));
  }
  return found;
}

async function planWithin<K extends Kind>(
  deps: PlannerDeps,
  kind: K,
  object: ObjectOf<K>,
  signal: AbortSignal,
): Promise<PlannedObject> {
  try {
    signal.throwIfAborted();
    return await unlessAborted(planOne(deps, kind, object, signal), signal);
  } catch (error) {
    return { kind, name: object.metadata.name, actions: [], error: explainError(error) };
  }
}

/** In the order of their dependencies, so that what one look finds is there for the next; what names them all comes last. */
function planned({ all, manifests }: Kinds): Kind[] {
  return [...manifests, ...all.filter(({ manifest }) => manifest === undefined)].map(({ kind }) => kind);
}

async function planOne<K extends Kind>(
  deps: PlannerDeps,
  kind: K,
  object: ObjectOf<K>,
  signal: AbortSignal,
): Promise<PlannedObject> {
  const { name } = object.metadata;
  try {
    const reconciler = deps.reconcilers[kind] as unknown as Reconciler<K, Action, unknown>;
    const blocked = deps.condemned(kind, name);
    const context: LookContext<K> = { signal, memory: deps.memory.read<K>(object) };
    const look = await (blocked === undefined
      ? reconciler.look(object, context)
      : lookOnly(reconciler, object, { ...context, blocked }));
    if (deps.remember) remember(deps, kind, object, look);
    const { actions, later, pending } = look.plan;
    const waiting = look.plan.waiting ?? deps.held?.(kind, name);
    return {
      kind,
      name,
      actions: actions.map(shown),
      ...(waiting === undefined ? {} : { waiting }),
      ...(later === undefined ? {} : { later: later.map(shown) }),
      ...(pending === undefined ? {} : { pending }),
    };
  } catch (error) {
    return { kind, name, actions: [], error: explainError(error) };
  }
}

function remember<K extends Kind>(
  deps: PlannerDeps,
  kind: K,
  object: ObjectOf<K>,
  look: Look<K, Action, unknown>,
): void {
  const { name, uid, generation } = object.metadata;
  const conditions = mergeConditions([], look.conditions, timestamp(deps.clock.now()), generation);
  deps.store.updateStatus(kind, name, uid, { ...look.fields, conditions, observedGeneration: generation });
}
