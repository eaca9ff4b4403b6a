import type { DesiredOverlay } from './overlay.ts';

/** What the daemon remembers of a Network. A restart of the daemon forgets it: what failed is tried once more. */
export interface NetworkMemory {
  /** The restart that failed last, by what it was to bring. */
  readonly failedRestart?: { readonly signature: string; readonly message: string };
  /** When it was last restarted; RFC 3339. */
  readonly restartedAt?: string;
  /** MAC addresses that were reserved in it, the last ones last: a lease of one that is gone is ours to release. */
  readonly macs?: ReadonlySet<string>;
  /** The overlay that was seen in force last. */
  readonly overlay?: DesiredOverlay;
}

/** Leases end by themselves: of the machines that are gone only so many are remembered. */
const FORMER = 1000;

/** The MAC addresses that are reserved now are remembered beside those that were before. */
export function reserved(memory: NetworkMemory, macs: readonly string[]): NetworkMemory {
  const known = memory.macs ?? new Set();
  if (macs.every((mac) => known.has(mac))) return memory;
  const now = new Set(macs);
  const former = [...known].filter((mac) => !now.has(mac)).slice(-FORMER);
  return { ...memory, macs: new Set([...former, ...now]) };
}
