import type { ObjectStatus } from '../meta.ts';

export interface HostStatus extends ObjectStatus {
  readonly libvirtVersion?: string;
  readonly arch?: string;
  readonly domainType?: 'kvm' | 'qemu';
}

declare module '../meta.ts' {
  interface KindMap {
    Host: { spec: Record<string, never>; status: HostStatus; readonly daemonMade: true };
  }
}
