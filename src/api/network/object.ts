import type { LiveEntry, Refusal } from '../ipam/entry.ts';
import type { VmhostState } from '../kinds/vmhost-states.ts';
import type { ObjectStatus } from '../meta.ts';
import type { NetworkMemory } from './memory.ts';
import type { NetworkSpec } from './spec.ts';

/** What a Node was given for as long as it is there, whichever vmhost it runs on. */
export interface Allocation {
  readonly node: string;
  readonly address: string;
  readonly podCIDR?: string;
}

export interface NetworkStatus extends ObjectStatus {
  readonly bridge?: string;
  readonly gateway?: string;
  readonly entries?: readonly LiveEntry[];
  readonly refusals?: readonly Refusal[];
  /** When this daemon last restarted it; RFC 3339. */
  readonly restartedAt?: string;
  /** Where several vmhosts share a lab; written by the elected daemon alone. */
  readonly allocations?: readonly Allocation[];
  readonly vmhosts?: readonly VmhostState[];
  readonly overlay?: OverlayStatus;
}

/** The VXLAN device by which other vmhosts are reached. */
export interface OverlayStatus {
  readonly device: string;
  readonly vni: number;
  readonly local: string;
  readonly peers: number;
  readonly unreachable: number;
  readonly guests: number;
}

declare module '../meta.ts' {
  interface KindMap {
    Network: { spec: NetworkSpec; status: NetworkStatus; memory: NetworkMemory };
  }
}
