import { condition, READY, SYNCED } from '../api/conditions.ts';
import { isRemoved, type ConditionInput, type Kind } from '../api/meta.ts';
import type { Action, Plan } from '../api/disruption/action.ts';
import type { Look, Reconciler } from './pass.ts';

/** Objects whose manifest is gone go by `removal`, the others by `living`. */
export function withRemoval<K extends Kind, A extends Action, Extra, B extends Action>(
  living: Reconciler<K, A, Extra>,
  removal: Reconciler<K, B, undefined>,
): Reconciler<K, A | B, Extra | undefined> {
  return {
    kind: living.kind,
    look: (object, signal) =>
      isRemoved(object) ? removal.look(object, signal) : living.look(object, signal),
    claim: (action, object) => isRemoved(object) || living.claim?.(action as A, object) !== false,
    isWhole: (action) => living.isWhole?.(action as A) === true || removal.isWhole?.(action as B) === true,
    execute(action, look, object, signal) {
      return isRemoved(object)
        ? removal.execute(action as B, look as Look<K, B, undefined>, object, signal)
        : living.execute(action as A, look as Look<K, A, Extra>, object, signal);
    },
  };
}

/** What an object says of itself while it is being removed. */
export function removalConditions({ actions, waiting }: Plan): ConditionInput[] {
  const [next] = actions;
  const message =
    waiting?.message ?? (next === undefined ? 'nothing is left' : `${next.type}: ${next.reason}`);
  const reason = waiting?.reason ?? 'Terminating';
  return [condition(READY, 'False', reason, message), condition(SYNCED, 'True', 'Reconciled')];
}

/** Objects that take nothing away when their manifest goes: what they made goes on as it is. */
export function letGo<K extends Kind>(kind: K): Reconciler<K, never, undefined> {
  const plan: Plan<never> = { actions: [], gone: true };
  return {
    kind,
    look: ({ status }) =>
      Promise.resolve({ plan, conditions: removalConditions(plan), fields: status, extra: undefined }),
    execute: (action) => Promise.reject(new Error(`cannot execute ${String(action)}: nothing is planned`)),
  };
}
