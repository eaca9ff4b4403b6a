import type { ReasonedError } from '../api/errors.ts';
import type { Kind, ObjectRef } from '../api/meta.ts';

/** A Kubernetes API server, as a client of it sees it. No policy: when to call what is decided by the caller. */
export interface Kube {
  /** Lists and watches every kind of ours, for as long as neither `signal` aborts nor the watch is disposed. */
  watch(listener: (change: KubeChange) => void, signal?: AbortSignal): KubeWatch;
  get(ref: ObjectRef): Promise<KubeObject | undefined>;
  /** @throws ReasonedError AlreadyExists */
  create(object: KubeDraft): Promise<KubeObject>;
  /** A JSON merge patch of metadata and spec; null takes a field out. */
  patch(ref: ObjectRef, mergePatch: object): Promise<KubeObject>;
  /** One that is gone already is no error. */
  remove(ref: ObjectRef): Promise<void>;
  /**
   * Server-side apply on the status subresource: what `manager` applied before and leaves out now goes. It takes over fields that
   * others own. With `resourceVersion` it is refused (Conflict) once anybody has changed the object since.
   */
  applyStatus(ref: ObjectRef, status: object, options: ApplyOptions): Promise<KubeObject>;
  /**
   * No error when it was so already, nor when it is to go from an object that is gone. `known` is the object as it was seen last: it is
   * asked for only where it is another by now.
   */
  setFinalizer(ref: ObjectRef, finalizer: string, present: boolean, known?: KubeObject): Promise<void>;
  /** Leases in the namespace k8slab-system. */
  readonly lease: KubeLeases;
  /** Writes an Event about an object; the same again (by reason, message and first time) counts it up. */
  event(about: KubeEventTarget, event: KubeEvent): Promise<void>;
  /** Ends every watch and every connection. */
  dispose(): Promise<void>;
}

export interface ApplyOptions {
  /** The field manager, such as `k8slabd-vmhost1`. */
  readonly manager: string;
  readonly resourceVersion?: string;
}

export interface KubeLeases {
  /** All of the namespace, in one answer. */
  list(): Promise<readonly KubeLease[]>;
  get(name: string): Promise<KubeLease | undefined>;
  /** @throws ReasonedError AlreadyExists */
  create(name: string, spec: KubeLeaseSpec): Promise<KubeLease>;
  /** @throws ReasonedError Conflict when it was changed since */
  update(name: string, spec: KubeLeaseSpec, resourceVersion: string): Promise<KubeLease>;
}

export interface KubeLease {
  readonly name: string;
  readonly resourceVersion: string;
  readonly spec: KubeLeaseSpec;
}

/** Times are RFC 3339; the API server keeps their microseconds. */
export interface KubeLeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

export interface KubeWatch {
  /** By name, the latest that is known; empty until the kind's first list. */
  objects(kind: Kind): ReadonlyMap<string, KubeObject>;
  /** Whether each kind has been listed once. */
  synced(): boolean;
  /** Resolves once it is synced; rejects when it ends before. */
  whenSynced(): Promise<void>;
  /** Why what is known may be old; undefined while the watches of all kinds stand. */
  problem(): ReasonedError | undefined;
  dispose(): void;
}

/** What happened in a watch: `objects` tells it already. */
export type KubeChange =
  | { readonly type: 'Added' | 'Modified' | 'Deleted'; readonly kind: Kind; readonly object: KubeObject }
  /** A list of the kind is in; what it changed was told one by one before. */
  | { readonly type: 'Listed'; readonly kind: Kind }
  /** What `problem` says is another thing now. */
  | { readonly type: 'Problem' };

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: KubeMeta;
  readonly spec?: unknown;
  readonly status?: unknown;
}

export interface KubeMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
}

/** An object that is to be made; its status is applied afterwards. */
export interface KubeDraft {
  readonly kind: Kind;
  readonly metadata: Pick<KubeMeta, 'name' | 'labels' | 'annotations' | 'finalizers'>;
  readonly spec?: unknown;
}

/** What an Event is about. */
export interface KubeEventTarget {
  readonly kind: Kind;
  readonly metadata: Pick<KubeMeta, 'name'> & Partial<Pick<KubeMeta, 'uid' | 'resourceVersion'>>;
}

export interface KubeEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  /** RFC 3339. */
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
}

/** Why calls fail. */
export const KUBE_REASONS = [
  'AlreadyExists',
  'Conflict',
  'Forbidden',
  'Invalid',
  'KubeconfigInvalid',
  /** The API server does not have the kind: its CustomResourceDefinition is missing, or of another version. */
  'KindNotServed',
  'NotFound',
  'ServerError',
  'TooManyRequests',
  'Unauthorized',
  'Unreachable',
] as const;
export type KubeReason = (typeof KUBE_REASONS)[number];

/** Whether a later try may succeed though nobody mends anything. */
export function isPassing(reason: string): boolean {
  return reason === 'Unreachable' || reason === 'TooManyRequests' || reason === 'ServerError';
}
