import { findCondition, READY } from '../conditions.ts';
import { isWaitingReason, waitingRule } from '../disruption/waiting.ts';
import type { ObjectOf } from '../meta.ts';

/**
 * The guests of the same role because of which this one is not disrupted now, each with why.
 * @param holder whose turn it is in that role, as far as this daemon knows
 */
export function peersInTheWay(
  node: ObjectOf<'Node'>,
  all: readonly ObjectOf<'Node'>[],
  holder: string | undefined,
): string[] {
  const { role } = node.spec;
  if (role === undefined || holder === node.metadata.name) return [];
  const peers = all.filter(
    ({ metadata, spec }) =>
      spec.role === role && spec.power === 'Running' && metadata.name !== node.metadata.name,
  );
  return peers.flatMap((peer) => {
    const why = peer.metadata.name === holder ? 'is being changed' : inTheWay(peer);
    return why === undefined ? [] : [`${peer.metadata.name} ${why}`];
  });
}

function inTheWay({ status }: ObjectOf<'Node'>): string | undefined {
  const ready = findCondition(status.conditions, READY);
  if (ready === undefined) return 'was not looked at yet';
  if (ready.status === 'True' || yields(ready.reason)) return undefined;
  return `is not Ready: ${ready.reason}`;
}

/** A guest that waits for others of its role is in nobody's way. */
function yields(reason: string): boolean {
  return isWaitingReason(reason) && waitingRule({ reason }).yields === true;
}
