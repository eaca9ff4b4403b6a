import { findCondition, READY } from '../api/conditions.ts';
import type { AnyObject, Condition, KindMap } from '../api/meta.ts';
import type { Change } from '../engine/store.ts';
import type { Logger } from '../engine/logger.ts';

export interface ReadyLogDeps {
  readonly log: Logger;
  /** The conditions that an object had in an earlier run. */
  readonly remembered: (object: AnyObject) => readonly Condition[];
}

/** The vmhost's own line says it; a thousand Nodes need not say it too. */
export const VMHOST_TELLS: ReadonlySet<string> = new Set(['LibvirtUnreachable']);

/**
 * A line in the journal when an object becomes Ready, or is it no longer, with how long it was the other thing. What is
 * as it was before a restart of the daemon is no news.
 */
export function logReady({ log, remembered }: ReadyLogDeps, change: Change<KindMap>): void {
  const { object, previous, type } = change;
  if (type === 'DELETED') return;
  const now = findCondition(object.status.conditions, READY);
  const before = readyBefore(previous, () => remembered(object));
  if (now === undefined || now.status === before?.status) return;
  const { kind, metadata } = object;
  const { status, reason, message } = now;
  const seconds = before === undefined ? undefined : secondsBetween(before, now);
  const fields = { kind, name: metadata.name, reason, ...(seconds === undefined ? {} : { seconds }) };
  if (status === 'True') log.info(fields, 'is Ready');
  // What was never Ready is on its way, which its passes tell.
  else if (before?.status === 'True') {
    const level = kind !== 'Vmhost' && VMHOST_TELLS.has(reason) ? 'info' : 'warn';
    log[level]({ ...fields, why: message }, 'is not Ready any more');
  } else if (before === undefined) log.info({ ...fields, why: message }, 'is not Ready yet');
}

function readyBefore(
  previous: AnyObject | undefined,
  remembered: () => readonly Condition[],
): Condition | undefined {
  const conditions = previous?.status.conditions ?? [];
  return findCondition(conditions.length === 0 ? remembered() : conditions, READY);
}

function secondsBetween(before: Condition, now: Condition): number {
  return (Date.parse(now.lastTransitionTime) - Date.parse(before.lastTransitionTime)) / 1000;
}
