import { condition, READY, SYNCED } from '../api/conditions.ts';
import { isRemoved, type ConditionInput, type Kind } from '../api/meta.ts';
import type { Action, Plan } from '../api/disruption/action.ts';
import type { MemoryOf } from '../engine/memory.ts';
import type { Look, Reconciler } from './reconciler.ts';

/** Objects whose manifest is gone go by `removal`, the others by `living`. */
export function withRemoval<K extends Kind, A extends Action, Extra, B extends Action>(
  living: Reconciler<K, A, Extra>,
  removal: Reconciler<K, B, Extra | undefined>,
): Reconciler<K, A | B, Extra | undefined> {
  return {
    kind: living.kind,
    look: (object, context) =>
      isRemoved(object) ? removal.look(object, context) : living.look(object, context),
    mayBegin: (action, object) => isRemoved(object) || living.mayBegin?.(action as A, object) !== false,
    remember: rememberBoth(living, removal),
    isWhole: (action) => living.isWhole?.(action as A) === true || removal.isWhole?.(action as B) === true,
    execute(action, look, object, signal) {
      return isRemoved(object)
        ? removal.execute(action as B, look as Look<K, B, Extra | undefined>, object, signal)
        : living.execute(action as A, look as Look<K, A, Extra>, object, signal);
    },
  };
}

type Remember<K extends Kind, A extends Action, Extra> = NonNullable<Reconciler<K, A, Extra>['remember']>;

function rememberBoth<K extends Kind, A extends Action, Extra, B extends Action>(
  living: Reconciler<K, A, Extra>,
  removal: Reconciler<K, B, Extra | undefined>,
): Remember<K, A | B, Extra | undefined> {
  return (memory, event) => {
    const part = (isRemoved(event.object) ? removal : living) as Reconciler<K, A | B, Extra | undefined>;
    return part.remember === undefined ? (memory as MemoryOf<K>) : part.remember(memory, event);
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
