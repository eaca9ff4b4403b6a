import type { ObjectStatus } from '../meta.ts';
import type { NodeMemory } from './memory.ts';
import type { NodeSpec } from './spec.ts';

export interface NodeStatus extends ObjectStatus {
  /** The vmhost that it is bound to, where several share a lab. */
  readonly vmhost?: string;
  readonly state?: string;
  readonly address?: string;
  readonly fqdn?: string;
  readonly aliases?: readonly string[];
  readonly mac?: string;
  readonly podCIDR?: string;
  readonly disk?: string;
  readonly domainType?: string;
  /** Of the running guest: its virtual CPUs, and its memory in MiB. */
  readonly cpus?: number;
  readonly memory?: number;
  /** Public host key that the guest was given. */
  readonly sshHostKey?: string;
}

declare module '../meta.ts' {
  interface KindMap {
    Node: { spec: NodeSpec; status: NodeStatus; memory: NodeMemory };
  }
}
