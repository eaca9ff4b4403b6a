import type { Kind } from '../meta.ts';

/**
 * What a step costs the guests (docs/disruption.md): `uplink` = they lose the outside for less than a second,
 * `link` = they lose the network for a moment, `restart` = a guest restarts, `data` = a disk goes.
 */
export const DISRUPTIONS = ['none', 'uplink', 'link', 'restart', 'data'] as const;
export type Disruption = (typeof DISRUPTIONS)[number];

export interface Step {
  readonly disruption: Disruption;
  /** Why, as a user reads it in `k8slab plan`. */
  readonly reason: string;
  /** For about how long guests feel it, measured in docs/disruption.md; left out where they feel nothing. */
  readonly seconds?: number;
  /** Names of the running domains that feel it. */
  readonly guests?: readonly string[];
}

/** What a disruptive step costs: how long, and whom. */
export type Cost = Pick<Step, 'seconds' | 'guests'>;

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
        readonly command: 'add' | 'delete';
        readonly section: string;
        readonly xml: string;
      }
  );

export interface ImageFetch {
  readonly source: string;
  readonly checksum?: string;
  readonly format?: 'qcow2' | 'raw';
}

export type ImageAction = Step & { readonly type: 'FetchImage'; readonly fetch: ImageFetch };

/** Where the content of a new disk comes from. */
export type DiskSource =
  | { readonly from: 'image'; readonly path: string; readonly format: 'qcow2' | 'raw' }
  | { readonly from: 'node'; readonly node: string; readonly path: string; readonly running: boolean };

export type NodeAction = Step &
  (
    | { readonly type: 'CreateDisk'; readonly source: DiskSource; readonly size?: number }
    | { readonly type: 'WriteSeed' }
    | { readonly type: 'DefineDomain' }
    | { readonly type: 'StartDomain' }
    | { readonly type: 'ShutdownDomain' }
  );

export type LoadBalancerAction = Step & {
  /** It undoes what others changed. */
  readonly drift?: true;
} & (
    | { readonly type: 'InstallHAProxy' }
    | { readonly type: 'LabelPorts'; readonly ports: readonly number[] }
    /** The configuration itself, which has a password in it, is not in the action. */
    | { readonly type: 'ApplyConfig'; readonly sha256: string }
    | { readonly type: 'EnableHAProxy' }
    | { readonly type: 'StartHAProxy' }
    | { readonly type: 'ReloadHAProxy' }
  );

export type HostAction = Step & {
  readonly type: 'WriteFile';
  readonly path: string;
  readonly content: string;
  readonly mode: number;
};

export type Action = NetworkAction | ImageAction | NodeAction | LoadBalancerAction | HostAction;

/** Why an object cannot go on by itself now; `reason` is fit for a condition. */
export interface Waiting {
  readonly reason: string;
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
}

/** A step as `k8slab plan` shows it. */
export interface PlannedStep extends Step {
  readonly type: Action['type'];
}

export function step<T extends object>(
  disruption: Disruption,
  reason: string,
  action: T,
  cost: Cost = {},
): T & Step {
  return { ...action, disruption, reason, ...cost };
}

/** What would be done for one object; `later` follows once what it waits for is there. */
export interface PlannedObject {
  readonly kind: Kind;
  readonly name: string;
  readonly actions: readonly PlannedStep[];
  readonly waiting?: Waiting;
  readonly later?: readonly PlannedStep[];
  /** Why it could not be planned. */
  readonly error?: string;
}
