import { condition, READY, SYNCED } from '../api/conditions.ts';
import { shown, type Action, type Plan } from '../api/disruption/action.ts';
import { waitingFor } from '../api/disruption/waiting.ts';
import { isRemoved, type ConditionInput, type Kind } from '../api/meta.ts';
import type { ObjectOf } from './objects.ts';
import type { Look, LookContext, Reconciler } from './reconciler.ts';

/**
 * Manifests that contradict each other change nothing, but what there is stays in sight. Whose manifest is in force was
 * there first: it is as Ready as it was, and the others are refused.
 */
export async function lookOnly<K extends Kind, A extends Action, Extra>(
  reconciler: Reconciler<K, A, Extra>,
  object: ObjectOf<K>,
  { blocked, ...context }: LookContext<K> & { readonly blocked: ConditionInput },
): Promise<Look<K, A, Extra>> {
  const look = await reconciler.look(object, context);
  const { status, reason, message } = blocked;
  const wasFirst = status === 'False' && isInForce(look.plan);
  const refused = wasFirst ? [SYNCED] : [READY, SYNCED];
  const others = look.conditions.filter(({ type }) => !refused.includes(type));
  const told = refused.map((type) => condition(type, status, reason, message));
  const { actions, later = [], gone } = look.plan;
  const plan: Plan<A> = {
    actions: [],
    waiting: waitingFor(reason, message),
    // Of two manifests that contradict each other nobody knows which one would be done.
    ...(isRemoved(object) ? { later: [...actions.map(shown), ...later] } : {}),
    ...(gone === undefined ? {} : { gone }),
  };
  return { ...look, plan, conditions: [...told, ...others] };
}

/** Whether the object is as its manifest asks, as far as there is anything to be done about it. */
function isInForce({ actions, waiting, later = [], pending = [] }: Plan): boolean {
  return actions.length + later.length + pending.length === 0 && waiting === undefined;
}
