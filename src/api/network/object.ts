import type { LiveEntry, Refusal } from '../ipam/entry.ts';
import type { ObjectStatus } from '../meta.ts';
import type { NetworkMemory } from './memory.ts';
import type { NetworkSpec } from './spec.ts';

export interface NetworkStatus extends ObjectStatus {
  readonly bridge?: string;
  readonly gateway?: string;
  readonly entries?: readonly LiveEntry[];
  readonly refusals?: readonly Refusal[];
  /** When this daemon last restarted it; RFC 3339. */
  readonly restartedAt?: string;
}

declare module '../meta.ts' {
  interface KindMap {
    Network: { spec: NetworkSpec; status: NetworkStatus; memory: NetworkMemory };
  }
}
