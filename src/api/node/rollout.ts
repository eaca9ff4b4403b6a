import { findCondition, READY } from '../conditions.ts';
import { isWaitingReason, waitingRule } from '../disruption/waiting.ts';
import type { ObjectOf } from '../meta.ts';

/** The guests of one role, as far as they hold up each other. */
export interface RolePeers {
  /** Guests that are not Ready, each with why. */
  readonly unready: ReadonlyMap<string, string>;
  /** The one whose turn it is to be disrupted. */
  readonly holder?: string | undefined;
}

/** A plan that names three of them says enough. */
const NAMED = 3;

/** The guests of its role because of which a Node is not disrupted now, each with why; some of them, where they are many. */
export function peersInTheWay(node: string, { unready, holder }: RolePeers): string[] {
  if (holder === node) return [];
  const others = unready.entries().filter(([name]) => name !== node && name !== holder);
  const named = others.take(NAMED).map(([name, why]) => `${name} ${why}`);
  return [...(holder === undefined ? [] : [beingChanged(holder)]), ...named];
}

export function beingChanged(node: string): string {
  return `${node} is being changed`;
}

/** Why a guest that shall run keeps others of its role from being disrupted; undefined: it does not. */
export function inTheWay({ spec, status }: ObjectOf<'Node'>): string | undefined {
  if (spec.power !== 'Running') return undefined;
  const ready = findCondition(status.conditions, READY);
  if (ready === undefined) return 'was not looked at yet';
  if (ready.status === 'True' || yields(ready.reason)) return undefined;
  return `is not Ready: ${ready.reason}`;
}

/** A guest that waits for others of its role is in nobody's way. */
function yields(reason: string): boolean {
  return isWaitingReason(reason) && waitingRule({ reason }).yields === true;
}
