import type { ObjectStatus } from '../meta.ts';
import type { VmhostSpec } from './spec.ts';

export interface VmhostResources {
  readonly cpu: number;
  /** Quantities. */
  readonly memory: string;
  readonly storage: string;
}

export interface VmhostStatus extends ObjectStatus {
  readonly libvirtVersion?: string;
  readonly arch?: string;
  readonly domainType?: 'kvm' | 'qemu';
  /** Of k8slabd. */
  readonly version?: string;
  readonly machineID?: string;
  readonly capacity?: VmhostResources;
  /** What is left of it for Nodes. */
  readonly allocatable?: VmhostResources;
  /** By which other vmhosts reach it. */
  readonly addresses?: readonly string[];
  /** Public key of its sshd. */
  readonly sshHostKey?: string;
  /** Public key with which its daemon logs in to guests. */
  readonly sshPublicKey?: string;
  /** Names of the Images that are there. */
  readonly images?: readonly string[];
}

declare module '../meta.ts' {
  interface KindMap {
    Vmhost: { spec: VmhostSpec; status: VmhostStatus; readonly daemonMade: true };
  }
}
