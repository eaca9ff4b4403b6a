/** Periodic looks at the objects of a kind come no faster than this on average (ms). */
const SPACING_MS = 1000;
/** Those of so long a time are made at once (ms): to wake for one costs several times what the look costs. */
export const BATCH_MS = 20_000;
/** Batches are no longer than this part of the period. */
const SHARE = 1 / 3;

/**
 * How often an object is looked at though nothing was heard of it (ms). What changes is told by events, files and lists, so
 * that this look finds only what none of them tells; a thousand of them a minute would be most of what the daemon does.
 * @param seconds as configured, for as many objects as fit into it
 * @param count objects of the kind
 */
export function resyncPeriodMs(seconds: number, count: number): number {
  return Math.max(seconds * 1000, count * SPACING_MS);
}

/**
 * How long until the next look, for a period of `periodMs`: never longer than that, and the same moment for all objects
 * whose looks are about due.
 * @param now monotonic (ms)
 */
export function resyncDelayMs(now: number, periodMs: number): number {
  const batch = Math.min(BATCH_MS, periodMs * SHARE);
  return Math.floor((now + periodMs) / batch) * batch - now;
}
