import type { Step } from '../disruption/step.ts';

/** The names and reservations that the running dnsmasq reads beside what libvirt gave it. */
export interface HostFiles {
  readonly reservations: readonly { readonly mac: string; readonly ip: string; readonly name: string }[];
  readonly names: readonly { readonly ip: string; readonly hostnames: readonly string[] }[];
}

export type NetworkAction = Step &
  (
    | { readonly type: 'WriteHostFiles'; readonly files: HostFiles }
    | { readonly type: 'ReloadDnsmasq' }
    | { readonly type: 'DefineNetwork'; readonly xml: string }
    | { readonly type: 'StartNetwork' }
    | { readonly type: 'SetNetworkAutostart'; readonly on: boolean }
    | {
        readonly type: 'UpdateNetwork';
        readonly command: 'add' | 'modify' | 'delete';
        readonly section: string;
        readonly xml: string;
        /** Place of the <ip> that a host belongs to; by itself libvirt takes the first that serves DHCP, of any family. */
        readonly parentIndex?: number;
        /** Added again if this fails: what the step before took away. */
        readonly restore?: string;
      }
    | { readonly type: 'AttachTaps'; readonly attachment: TapAttachment }
    | { readonly type: 'SetMtu'; readonly mtu: number; readonly ports: readonly string[] }
    | { readonly type: 'SetOverlay'; readonly device: OverlayDevice; readonly how: OverlayChange }
    | { readonly type: 'FilterOverlay'; readonly device: string; readonly filter: OverlayFilter }
    | {
        readonly type: 'PlugOverlay';
        readonly device: string;
        readonly bridge: string;
        /** Whether the bridge runs STP when all is done; meanwhile it does not, or the port would wait seconds to forward. */
        readonly stp: boolean;
      }
    | { readonly type: 'UpdateOverlay'; readonly device: string; readonly neighbours: OverlayNeighbours }
    | RemoveOverlay
    | {
        readonly type: 'RestartNetwork';
        /** What is plugged into the bridge, and where it goes once the network is back. */
        readonly attachment: TapAttachment;
        /** The bridge of the network as it runs now. */
        readonly before: string;
        /** Identifies what the restart shall bring, so that one that failed is not tried again and again. */
        readonly signature: string;
        /** The definition that comes back if the network does not start. */
        readonly rollback?: string;
        /** Guests of ours that reboot afterwards. */
        readonly reboot: readonly string[];
      }
  );

interface RemoveOverlay {
  readonly type: 'RemoveOverlay';
  readonly device: string;
}

/** `change`: what a device that is there may change while it lives. */
export type OverlayChange = 'make' | 'replace' | 'change';

/** A VXLAN device, with what it does not change while it lives. */
export interface OverlayDevice {
  readonly name: string;
  /** Says whose the device is: its ifalias. */
  readonly alias: string;
  readonly vni: number;
  readonly port: number;
  readonly local: string;
  readonly mtu: number;
}

/** What is done to frames that come from other vmhosts, before the bridge sees them. */
export interface OverlayFilter {
  /** Its name has a hash of the rules, so that a look at the names tells whether they are these. */
  readonly chain: string;
  /** As nft(8) reads them. */
  readonly rules: readonly string[];
}

/** What changes of who is where beyond a VXLAN device. MAC addresses with the addresses of their vmhosts. */
export interface OverlayNeighbours {
  /** Vmhosts that frames for all are sent to. */
  readonly flood: Changed<string>;
  /** Where frames for a MAC address are sent. */
  readonly far: {
    readonly set: readonly (readonly [mac: string, address: string])[];
    readonly remove: readonly (readonly [mac: string, address: string])[];
  };
  /** MAC addresses that the bridge shall know to be behind the device. */
  readonly behind: Changed<string>;
}

interface Changed<T> {
  readonly add: readonly T[];
  readonly remove: readonly T[];
}

export interface TapAttachment {
  readonly bridge: string;
  readonly ports: readonly string[];
  readonly stp: boolean;
  readonly mtu?: number;
  /** Bridge that keeps guests together while the network is away. */
  readonly parking: string;
}

/** What is done for a Network whose manifest is gone. */
export type NetworkRemovalAction = Step &
  (
    | RemoveOverlay
    | { readonly type: 'DestroyNetwork' }
    | { readonly type: 'RemoveHostFiles' }
    | { readonly type: 'UndefineNetwork' }
    /** Takes the mark out and leaves the network to others. */
    | { readonly type: 'ReleaseNetwork'; readonly xml: string }
  );
