import { condition, mergeConditions } from '../../api/conditions.ts';
import type { Condition, ConditionInput } from '../../api/meta.ts';
import type { KubeObject } from '../../drivers/kube.ts';

export const SCHEDULED = 'Scheduled';

export function boundCondition(vmhost: string): ConditionInput {
  return condition(SCHEDULED, 'True', 'Bound', `it is bound to ${vmhost}`);
}

/** The conditions of an object that somebody else may have written. */
export function conditionsOf({ status }: Pick<KubeObject, 'status'>): readonly Condition[] {
  const { conditions } = (status ?? {}) as { readonly conditions?: unknown };
  return Array.isArray(conditions) ? (conditions as readonly Condition[]) : [];
}

export function conditionOf(object: Pick<KubeObject, 'status'>, type: string): Condition | undefined {
  return conditionsOf(object).find((each) => each.type === type);
}

/** The condition as it is to be written; undefined where it is so already. */
export function changed(object: KubeObject, wanted: ConditionInput, now: string): Condition | undefined {
  const before = conditionOf(object, wanted.type);
  const isSame =
    before?.status === wanted.status && before.reason === wanted.reason && before.message === wanted.message;
  return isSame ? undefined : stamped(object, wanted, now);
}

export function stamped(object: KubeObject, wanted: ConditionInput, now: string): Condition | undefined {
  return mergeConditions(conditionsOf(object), [wanted], now, object.metadata.generation ?? 0)[0];
}
