import type { Step } from '../disruption/step.ts';

/** Where the content of a new disk comes from. */
export type DiskSource =
  | {
      readonly from: 'image';
      /** Name of the Image. */
      readonly image: string;
      readonly sha256?: string;
      readonly path: string;
      readonly format: 'qcow2' | 'raw';
    }
  | { readonly from: 'node'; readonly node: string; readonly path: string; readonly running: boolean };

export type NodeAction = Step &
  (
    | { readonly type: 'CreateDisk'; readonly source: DiskSource; readonly size?: number }
    /** Removes what a copy that was broken off has left. */
    | { readonly type: 'DiscardCopy' }
    | { readonly type: 'WriteSeed' }
    /**
     * Without XML for a new guest: its host key is made on the way. `autostart`: libvirt starts it with the vmhost, which
     * a domain that was not defined has forgotten.
     */
    | { readonly type: 'DefineDomain'; readonly xml?: string; readonly autostart?: true }
    | { readonly type: 'SetDomainAutostart'; readonly on: boolean }
    | { readonly type: 'StartDomain' }
    | { readonly type: 'ShutdownDomain' }
    | { readonly type: 'DestroyDomain' }
    /** By libvirt where a target is given, since the guest runs. */
    | { readonly type: 'GrowDisk'; readonly size: number; readonly target?: string }
    | { readonly type: 'RaiseLink'; readonly mac: string }
    | { readonly type: 'ReleaseLease'; readonly network: string; readonly lease: HeldLease }
    /** Asks the DHCP client in the guest, which answers ssh at `at`. */
    | { readonly type: 'RenewLease'; readonly mac: string; readonly at: string }
    /** Takes the NIC's link down for a moment. */
    | { readonly type: 'CycleLink'; readonly mac: string }
  );

/** What is done for a Node whose manifest is gone. */
export type NodeRemovalAction = Step &
  (
    | { readonly type: 'AbortCopy' }
    | { readonly type: 'DiscardCopy' }
    /** Starts it from its saved memory, so that it can shut down. */
    | { readonly type: 'RestoreDomain' }
    | { readonly type: 'ShutdownDomain' }
    | { readonly type: 'DestroyDomain' }
    | { readonly type: 'ReleaseLease'; readonly network: string; readonly lease: HeldLease }
    | { readonly type: 'RemoveSeed' }
    | { readonly type: 'RemoveHostKey' }
    | { readonly type: 'DeleteDisk' }
    | { readonly type: 'UndefineDomain' }
    /** Takes the mark out and leaves the domain to others. */
    | { readonly type: 'ReleaseDomain'; readonly xml: string }
  );

/** A lease as dnsmasq holds it. */
export interface HeldLease {
  readonly ip: string;
  readonly mac: string;
  readonly clientId?: string;
}
