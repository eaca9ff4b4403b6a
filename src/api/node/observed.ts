import type { NodeSpec } from './spec.ts';
import type { DomainDocument, DomainModel } from '../libvirt/domain.ts';
import type { DesiredDefinition } from './render-domain-over.ts';
import type { Waiting } from '../disruption/waiting.ts';
import type { DiskSource, HeldLease } from './actions.ts';
import type { PowerRequest } from './power.ts';

/** A Node as it shall be, with what its networks gave it. */
export interface DesiredNode {
  readonly name: string;
  readonly spec: NodeSpec;
  /** Undefined while its networks have not told its name and addresses. */
  readonly cloudInitHash?: string;
  /** Bytes; undefined: as large as its source. */
  readonly diskSize?: number;
  /** What the definition of an existing domain shall say; undefined as cloudInitHash is. */
  readonly definition?: DesiredDefinition;
  /** How long a guest may take to shut down. */
  readonly stopSeconds: number;
}

/** What the Node needs from other objects before it can be made. */
export type Dependency = { readonly state: 'ready' } | ({ readonly state: 'waiting' } & Waiting);

export type DomainState =
  'running' | 'shutoff' | 'paused' | 'crashed' | 'inshutdown' | 'pmsuspended' | 'unknown';

export interface ObservedNode {
  /** The networks' reservations and names for it, and the Image or Node its disk comes from. */
  readonly networks: Dependency;
  /** What libvirt offers on the vmhost. */
  readonly host: Dependency;
  readonly source: Dependency & { readonly disk?: DiskSource };
  readonly domain?: {
    readonly state: DomainState;
    readonly config: DomainDocument;
    /** What the running guest has. */
    readonly live?: DomainModel;
    /** libvirt forgets it when it stops: somebody undefined it. */
    readonly transient?: true;
    /** libvirt starts it with the vmhost. */
    readonly autostart?: true;
    /** Others made it: the mark in its model is the one that it gets with the first change. */
    readonly adopting?: true;
  };
  readonly disk: {
    readonly path: string;
    readonly exists: boolean;
    readonly ours: boolean;
    readonly whole: boolean;
    /** Bytes that the guest sees. */
    readonly size?: number;
    readonly format?: string;
    /** A file that it stands on and that is not there. */
    readonly lacks?: string;
    /** What k8slab made it from; undefined where that is not known. */
    readonly origin?: DiskOrigin;
    /** Hash of what cloud-init was told at the first boot from it. */
    readonly firstBoot?: string;
    /** Why it cannot be used, where the manifest names an existing file. */
    readonly problem?: string;
  };
  /** False: the seed that its definition names, which k8slab wrote, is gone. */
  readonly seedThere?: boolean;
  /** How far the copy has come that is being made of another Node's disk. */
  readonly copying?: Waiting;
  /** Whether a copy that was broken off has left a part of a disk; undefined: not asked, as nothing can have changed. */
  readonly leftover?: boolean;
  /** Another domain that has one of the MAC addresses. */
  readonly macHolder?: { readonly domain: string; readonly mac: string };
  /** Another Node whose guest has, or is to have, the disk. */
  readonly diskHolder?: string;
  /** The disk that its manifest names is a file of the store of images. */
  readonly storedImage?: boolean;
  /** False while as many guests boot as may at once. */
  readonly bootSlot: boolean;
  /** Seconds until the next start may be tried, after starts that did not last. */
  readonly startBackoffSeconds: number;
  /** Why libvirt refused its last start. */
  readonly startFailure?: string;
  /** Since it was last asked to shut down; undefined when it was not. */
  readonly stoppingSeconds?: number;
  /** Since it was first asked to. */
  readonly downSeconds?: number;
  /** Since its start; undefined once it was Ready, and when this daemon did not start it. */
  readonly bootingSeconds?: number;
  /** What this daemon knows of the autostart of a guest that others made, which an undefined domain has forgotten. */
  readonly knownAutostart?: KnownAutostart;
  /** This daemon saw it run and did not ask it to go down: others stopped it, or it crashed. */
  readonly ran: boolean;
  readonly addresses: readonly ObservedAddress[];
  /** The last try to make it take its address. */
  readonly tried?: AddressTry;
  /** Since it was restarted for the definition that it still does not have. */
  readonly restartedSeconds?: number;
  /** Guests of its role that are not Ready or that are being disrupted, each with why. */
  readonly peers: readonly string[];
  /** The guest of its role, among those, that is being disrupted. */
  readonly changing?: string;
  /** What a person asked for, and is not done yet. */
  readonly asked?: PowerRequest;
}

/** Whether libvirt starts it with the vmhost; `owed`: it did, and a definition that came back does not say so yet. */
export type KnownAutostart = 'on' | 'off' | 'owed';

/** By the names of the manifest it was made for. */
export interface DiskOrigin {
  readonly image?: string | undefined;
  readonly sha256?: string | undefined;
  readonly cloneOf?: string | undefined;
}

/** One NIC of a Node: the address reserved for it, and where the guest is. */
export interface ObservedAddress {
  readonly network: string;
  readonly mac: string;
  readonly wanted: string;
  /** The reservation is one of others: the guest is left to follow it in its own time. */
  readonly found?: true;
  /** Of the newest lease of its MAC address that has not expired. */
  readonly leased?: string;
  /** ssh answers at the wanted address, with the guest's key. */
  readonly reached: boolean;
  /** Where ssh answers else, with the guest's key. */
  readonly reachedAt?: string;
  /** Another Node that shall have the leased address. */
  readonly wantedBy?: string;
  readonly holder?: AddressHolder;
}

/** Whose lease on the wanted address makes dnsmasq refuse it. */
export interface AddressHolder extends HeldLease {
  /** Node that the MAC address belongs to now. */
  readonly node?: string;
  /** k8slab gave out that MAC address. */
  readonly ours: boolean;
  /** A domain runs that has no other address. */
  readonly inUse: boolean;
}

/** What was last tried to make the guest take its address, and when. */
export interface AddressTry {
  readonly way: 'renew' | 'link' | 'restart';
  readonly seconds: number;
}
