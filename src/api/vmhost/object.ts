import type { ObjectStatus } from '../meta.ts';

export interface VmhostStatus extends ObjectStatus {
  readonly libvirtVersion?: string;
  readonly arch?: string;
  readonly domainType?: 'kvm' | 'qemu';
}

declare module '../meta.ts' {
  interface KindMap {
    Vmhost: { spec: Record<string, never>; status: VmhostStatus; readonly daemonMade: true };
  }
}
