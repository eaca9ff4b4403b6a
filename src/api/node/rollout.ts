import { findCondition, READY } from '../conditions.ts';
import type { NodeObject } from '../kinds/objects.ts';

/** Reasons of guests that themselves wait for others, and so are in nobody's way. */
const PATIENT: ReadonlySet<string> = new Set(['RolloutWaiting', 'AddressInUse']);

/**
 * The guests of the same role because of which this one is not disrupted now, each with why.
 * @param holder whose turn it is in that role, as far as this daemon knows
 */
export function peersInTheWay(
  node: NodeObject,
  all: readonly NodeObject[],
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

function inTheWay({ status }: NodeObject): string | undefined {
  const ready = findCondition(status.conditions, READY);
  if (ready === undefined) return 'was not looked at yet';
  if (ready.status === 'True' || PATIENT.has(ready.reason)) return undefined;
  return `is not Ready: ${ready.reason}`;
}
