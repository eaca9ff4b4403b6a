import type { ImageSpec } from '../image/spec.ts';
import type { LoadBalancerSpec } from '../load-balancer/spec.ts';
import type { NetworkSpec } from '../network/spec.ts';
import type { NodeSpec } from '../node/spec.ts';
import type { WaitingReason } from '../disruption/waiting.ts';
import type { NetworkEntry } from '../ownership/mark.ts';
import type { ApiObject, ObjectStatus } from '../meta.ts';

export interface LiveEntry extends NetworkEntry {
  /** The running dnsmasq gives the address and answers the names. */
  readonly live: boolean;
  /** False: the network's definition does not have it yet, so that it would be lost at the next start. */
  readonly defined?: boolean;
  /** Others made it, and it is as they made it: no guest is made to follow it. */
  readonly found?: true;
}

/** Why a Node gets nothing new from a network. */
export interface Refusal {
  readonly node: string;
  readonly reason: WaitingReason;
  readonly message: string;
}

export interface NetworkStatus extends ObjectStatus {
  readonly bridge?: string;
  readonly gateway?: string;
  readonly entries?: readonly LiveEntry[];
  readonly refusals?: readonly Refusal[];
  /** When this daemon last restarted it; RFC 3339. */
  readonly restartedAt?: string;
}

export interface ImageStatus extends ObjectStatus {
  readonly path?: string;
  readonly format?: 'qcow2' | 'raw';
  /** Of the unpacked image. */
  readonly sha256?: string;
  /** Bytes. */
  readonly virtualSize?: number;
}

export interface NodeStatus extends ObjectStatus {
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

export interface HostStatus extends ObjectStatus {
  readonly libvirtVersion?: string;
  readonly arch?: string;
  readonly domainType?: 'kvm' | 'qemu';
}

/** The kinds, as the store is typed by them. */
export interface KindMap {
  Network: { spec: NetworkSpec; status: NetworkStatus };
  Image: { spec: ImageSpec; status: ImageStatus };
  Node: { spec: NodeSpec; status: NodeStatus };
  LoadBalancer: { spec: LoadBalancerSpec; status: LoadBalancerStatus };
  Host: { spec: Record<string, never>; status: HostStatus };
}

export type NetworkObject = ApiObject<'Network', NetworkSpec, NetworkStatus>;
export type ImageObject = ApiObject<'Image', ImageSpec, ImageStatus>;
export type NodeObject = ApiObject<'Node', NodeSpec, NodeStatus>;
export type LoadBalancerObject = ApiObject<'LoadBalancer', LoadBalancerSpec, LoadBalancerStatus>;
export type HostObject = ApiObject<'Host', Record<string, never>, HostStatus>;
