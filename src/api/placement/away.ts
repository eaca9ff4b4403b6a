import { condition, READY } from '../conditions.ts';
import type { ConditionInput } from '../meta.ts';

/** Why a vmhost, and what is bound to it, is Ready: Unknown. */
export const AWAY = 'VmhostAway';

/** @param since RFC 3339; undefined: it never renewed its Lease */
export function vmhostAway(since: string | undefined): ConditionInput {
  const told =
    since === undefined ? 'has never renewed its Lease' : `has not renewed its Lease since ${since}`;
  const message = `its k8slabd ${told}: see whether the vmhost runs, k8slabd on it, and whether it reaches the API server`;
  return condition(READY, 'Unknown', AWAY, message);
}

export function nodeAway(vmhost: string, since: string | undefined): ConditionInput {
  const told = since === undefined ? 'is away' : `is away since ${since}`;
  const message = `${vmhost} ${told}: the guest may run all the same, and nothing is moved or removed by itself; see Vmhost "${vmhost}"`;
  return condition(READY, 'Unknown', AWAY, message);
}
