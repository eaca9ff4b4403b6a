import { blocksReady, waitingRule, type Waiting } from '../disruption/waiting.ts';
import type { ObservedNode } from './observed.ts';

const SOON_MS = 1000;
const LATER_MS = 30_000;
/** A guest that this daemon did not start may be anywhere on its way. */
const UNKNOWN_SECONDS = 300;

/**
 * How soon a Node is looked at again though nobody tells of it; undefined: at the next resync. A guest on its way tells
 * nobody, so it is looked at less and less often the longer it takes.
 */
export function nextLookMs(
  waiting: Waiting | undefined,
  ready: boolean,
  { tried, bootingSeconds = UNKNOWN_SECONDS }: Pick<ObservedNode, 'tried' | 'bootingSeconds'>,
): number | undefined {
  const rule = waiting && waitingRule(waiting);
  if (rule?.againMs !== undefined) return rule.againMs;
  const onItsWay = waiting === undefined || !blocksReady(waiting) || rule?.endedBy === 'guest';
  if (ready || !onItsWay) return undefined;
  const since = tried?.seconds ?? bootingSeconds;
  return Math.min(LATER_MS, Math.max(SOON_MS, since * 20));
}
