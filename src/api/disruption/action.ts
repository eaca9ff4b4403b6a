import type { PendingType } from '../conditions.ts';
import type { ImageAction, ImageRemovalAction } from '../image/actions.ts';
import type { LoadBalancerAction } from '../load-balancer/actions.ts';
import type { Kind } from '../meta.ts';
import type { NetworkAction, NetworkRemovalAction } from '../network/actions.ts';
import type { NodeAction, NodeRemovalAction } from '../node/actions.ts';
import type { VmhostAction } from '../vmhost/actions.ts';
import type { Step } from './step.ts';
import type { Waiting } from './waiting.ts';

export type Action =
  | NetworkAction
  | NetworkRemovalAction
  | ImageAction
  | ImageRemovalAction
  | NodeAction
  | NodeRemovalAction
  | LoadBalancerAction
  | VmhostAction;

/** What a manifest asks for and its object goes without, though it works: each stands in the status beside Ready. */
export interface Pending {
  /** Type of the condition. */
  readonly type: PendingType;
  readonly reason: string;
  /** Ends with what brings it about. */
  readonly message: string;
}

/**
 * What is to be done for one object, in order. `waiting` says what stands in the way of going further:
 * `actions` can be done all the same, `later` follow once it is out of the way.
 */
export interface Plan<A extends Action = Action> {
  readonly actions: readonly A[];
  readonly waiting?: Waiting;
  readonly later?: readonly PlannedStep[];
  /** Undefined: nothing. */
  readonly pending?: readonly Pending[];
  /** Nothing is left of an object that was to be removed. */
  readonly gone?: true;
}

/** A step as `k8slab plan` shows it. */
export interface PlannedStep extends Step {
  /** Bind: the Node is given to a vmhost, by the daemon that is elected to. */
  readonly type: Action['type'] | 'Bind';
}

/** The part of a step that a plan shows: not its content, which may hold secrets. */
export function shown({ type, disruption, reason, seconds, guests, changes }: PlannedStep): PlannedStep {
  return {
    type,
    disruption,
    reason,
    ...(seconds === undefined ? {} : { seconds }),
    ...(guests === undefined ? {} : { guests }),
    ...(changes === undefined ? {} : { changes }),
  };
}

/** What would be done for one object; `later` follows once what it waits for is there. */
export interface PlannedObject {
  readonly kind: Kind;
  readonly name: string;
  readonly actions: readonly PlannedStep[];
  readonly waiting?: Waiting;
  readonly later?: readonly PlannedStep[];
  readonly pending?: readonly Pending[];
  /** Why it could not be planned. */
  readonly error?: string;
}
