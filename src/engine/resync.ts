/** Periodic looks at the objects of a kind come one by one, no faster than this (ms). */
const SPACING_MS = 1000;

/**
 * How often an object is looked at though nothing was heard of it (ms). What changes is told by events, files and lists, so
 * that this look finds only what none of them tells; a thousand of them a minute would be most of what the daemon does.
 * @param seconds as configured, for as many objects as fit into it
 * @param count objects of the kind
 */
export function resyncPeriodMs(seconds: number, count: number): number {
  return Math.max(seconds * 1000, count * SPACING_MS);
}
