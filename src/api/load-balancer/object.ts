import type { ObjectStatus } from '../meta.ts';
import type { LoadBalancerMemory } from './memory.ts';
import type { LoadBalancerSpec } from './spec.ts';

/** A server as HAProxy sees it. */
export interface ServerStatus {
  readonly backend: string;
  readonly server: string;
  readonly node: string;
  readonly address: string;
  readonly port: number;
  /** HAProxy's word: UP, DOWN, MAINT, no check; Unknown when it does not tell. */
  readonly state: string;
  /** Now, and since HAProxy last read its configuration. */
  readonly sessions?: number;
  readonly sessionsTotal?: number;
}

export interface LoadBalancerStatus extends ObjectStatus {
  readonly address?: string;
  /** Of HAProxy. */
  readonly version?: string;
  readonly servers?: readonly ServerStatus[];
  /** Connections to all frontends now. */
  readonly sessions?: number;
  /** When HAProxy last read its configuration, RFC 3339. */
  readonly lastReload?: string;
}

declare module '../meta.ts' {
  interface KindMap {
    LoadBalancer: { spec: LoadBalancerSpec; status: LoadBalancerStatus; memory: LoadBalancerMemory };
  }
}
