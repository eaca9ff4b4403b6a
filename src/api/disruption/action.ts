import { NONE } from '../kinds/columns.ts';
import type { PendingType } from '../conditions.ts';
import type { Kind } from '../meta.ts';
import type { Waiting } from './waiting.ts';

export type { Waiting } from './waiting.ts';

/**
 * What a step costs the guests (docs/disruption.md): `uplink` = they lose the outside for less than a second,
 * `link` = they lose the network for a moment, `restart` = a guest restarts, `removal` = a guest goes, `data` = a disk goes.
 */
export type Disruption = 'none' | 'uplink' | 'link' | 'restart' | 'removal' | 'data';

export interface Step {
  readonly disruption: Disruption;
  /** Why, as a user reads it in `k8slab plan`. */
  readonly reason: string;
  /** For about how long guests feel it, measured in docs/disruption.md; left out where they feel nothing. */
  readonly seconds?: number;
  /** Names of the running domains that feel it. */
  readonly guests?: readonly string[];
  /** Old and new values of what differs, where they are worth a line. */
  readonly changes?: readonly FieldChange[];
  /** It undoes what was changed behind the manifest. */
  readonly drift?: true;
  /** The steps after it do not need it: its failure is told once they are done. */
  readonly isolated?: true;
  /** The object works without it: where it fails, the steps after it wait, and Ready stays what it is. */
  readonly aside?: true;
}

/** A field, as the manifest has it, before and after. */
export interface FieldChange {
  readonly field: string;
  readonly from: string;
  readonly to: string;
}

/** What a disruptive step costs: how long, and whom. */
export type Cost = Pick<Step, 'seconds' | 'guests' | 'drift' | 'changes'>;

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

export interface ImageFetch {
  readonly source: string;
  readonly checksum?: string;
  readonly format?: 'qcow2' | 'raw';
}

export type ImageAction = Step &
  ({ readonly type: 'AbortFetch' } | { readonly type: 'FetchImage'; readonly fetch: ImageFetch });

/** What is done for an Image whose manifest is gone; `forget`: no file of it stays. */
export type ImageRemovalAction = Step &
  (
    | { readonly type: 'AbortFetch' }
    | { readonly type: 'RemoveImage'; readonly files: readonly string[]; readonly forget: boolean }
  );

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

export type LoadBalancerAction = Step &
  (
    | { readonly type: 'InstallHAProxy' }
    | { readonly type: 'LabelPorts'; readonly ports: readonly number[] }
    | { readonly type: 'ApplyConfig'; readonly sha256: string }
    | { readonly type: 'EnableHAProxy' }
    | { readonly type: 'StartHAProxy' }
    | { readonly type: 'ReloadHAProxy' }
  );

export type VmhostAction = Step & {
  readonly type: 'WriteFile';
  readonly path: string;
  readonly content: string;
  readonly mode: number;
  /** Networks whose dnsmasq reads that file too, but only when told to. */
  readonly reload: readonly string[];
};

export type Action =
  | NetworkAction
  | NetworkRemovalAction
  | ImageAction
  | ImageRemovalAction
  | NodeAction
  | NodeRemovalAction
  | LoadBalancerAction
  | VmhostAction;

/** What a manifest asks for and its object goes without, though it works: each stands in the status beside Ready. */
export interface Pending {
  /** Type of the condition. */
  readonly type: PendingType;
  readonly reason: string;
  /** Ends with what brings it about. */
  readonly message: string;
}

/**
 * What is to be done for one object, in order. `waiting` says what stands in the way of going further:
 * `actions` can be done all the same, `later` follow once it is out of the way.
 */
export interface Plan<A extends Action = Action> {
  readonly actions: readonly A[];
  readonly waiting?: Waiting;
  readonly later?: readonly PlannedStep[];
  /** Undefined: nothing. */
  readonly pending?: readonly Pending[];
  /** Nothing is left of an object that was to be removed. */
  readonly gone?: true;
}

/** A step as `k8slab plan` shows it. */
export interface PlannedStep extends Step {
  /** Bind: the Node is given to a vmhost, by the daemon that is elected to. */
  readonly type: Action['type'] | 'Bind';
}

export function step<T extends object>(
  disruption: Disruption,
  reason: string,
  action: T,
  cost: Cost = {},
): T & Step {
  return { ...action, disruption, reason, ...cost };
}

/** None where nothing changes. */
export function fieldChange(field: string, from: string, to: string): FieldChange[] {
  if (from === to) return [];
  return [{ field, from: from === '' ? NONE : from, to: to === '' ? NONE : to }];
}

/** The part of a step that a plan shows: not its content, which may hold secrets. */
export function shown({ type, disruption, reason, seconds, guests, changes }: PlannedStep): PlannedStep {
  return {
    type,
    disruption,
    reason,
    ...(seconds === undefined ? {} : { seconds }),
    ...(guests === undefined ? {} : { guests }),
    ...(changes === undefined ? {} : { changes }),
  };
}

/** What would be done for one object; `later` follows once what it waits for is there. */
export interface PlannedObject {
  readonly kind: Kind;
  readonly name: string;
  readonly actions: readonly PlannedStep[];
  readonly waiting?: Waiting;
  readonly later?: readonly PlannedStep[];
  readonly pending?: readonly Pending[];
  /** Why it could not be planned. */
  readonly error?: string;
}
