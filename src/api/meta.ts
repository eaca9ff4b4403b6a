/** What every kind shares: names, metadata, conditions, the object as the store and the API carry it. */

export const API_GROUP = 'k8slab.io';
export const API_VERSION = 'k8slab.io/v1alpha1';

/**
 * Every kind with the types of its spec and its status. It has no member here: each kind adds itself in its own folder
 * (`<kind>/object.ts`), so that a new kind changes no file of another one.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- an interface is what the kinds can add themselves to
export interface KindMap {}

export type Kind = keyof KindMap;

/** Kinds that manifests have; the others are made by the daemon. */
export type ManifestKind = {
  [K in Kind]: KindMap[K] extends { readonly daemonMade: true } ? never : K;
}[Kind];

export interface ObjectRef<K extends Kind = Kind> {
  readonly kind: K;
  readonly name: string;
}

export type ConditionStatus = 'True' | 'False' | 'Unknown';

/** A condition as metav1.Condition has it; `lastTransitionTime` (RFC 3339) moves only when `status` changes. */
export interface Condition {
  readonly type: string;
  readonly status: ConditionStatus;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

/** What a pass found, before the clock stamps it. */
export type ConditionInput = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

export interface ObjectMeta {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Stable per kind and name for as long as the manifest stays. */
  readonly uid: string;
  /** Goes up when the spec's content changes, and when its removal begins or is called off. */
  readonly generation: number;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
  /** Since when what was made from it is being removed. A manifest that comes back meanwhile clears it. */
  readonly deletionTimestamp?: string;
  /** What still has to be done before an object that is being removed may go. */
  readonly finalizers?: readonly string[];
}

/** Held by the controller of a kind for as long as there is something that it made from the object. */
export function finalizerOf(kind: Kind): string {
  return `${API_GROUP}/${kind.toLowerCase()}`;
}

/** What the store knows of an object beside what the API serves: no manifest can write it. */
export interface Origin {
  /** No manifest: it stands for what an earlier run of the daemon made, and its spec is only what libvirt tells. */
  readonly orphan?: true;
  /** The fields that the manifest of an adopted object names (`namedFields`): its spec has defaults filled in. */
  readonly named?: readonly string[];
  /** It is on another vmhost, or on none yet: nothing is done about it here, and its status is what others say of it. */
  readonly elsewhere?: Elsewhere;
  /** Generation of the object on an API server that the spec is of. */
  readonly generation?: number;
}

export interface Elsewhere {
  /** Undefined: it is on none. */
  readonly vmhost?: string;
}

export function isElsewhere({ origin }: Pick<ApiObject, 'origin'>): boolean {
  return origin?.elsewhere !== undefined;
}

export function isOrphan({ origin }: Pick<ApiObject, 'origin'>): boolean {
  return origin?.orphan === true;
}

/** Whether nothing more is done for the object than to remove it. */
export function isRemoved(object: ApiObject): boolean {
  return object.metadata.deletionTimestamp !== undefined || isOrphan(object);
}

export interface ObjectStatus {
  readonly conditions: readonly Condition[];
  readonly observedGeneration?: number;
}

/** An object as the store holds it; `spec` has its defaults filled in. The API serves it without its origin. */
export interface ApiObject<
  K extends Kind = Kind,
  Spec = unknown,
  Status extends ObjectStatus = ObjectStatus,
> {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: K;
  readonly metadata: ObjectMeta;
  readonly spec: Spec;
  readonly status: Status;
  readonly origin?: Origin;
}

/** Whether a pass has looked at the object in this run, so that its status can be gone by. */
export function wasLookedAt({ status }: { readonly status: ObjectStatus }): boolean {
  return status.observedGeneration !== undefined;
}

/** `node/master00`, as the command line takes and prints it. */
export function objectWord({ kind, name }: ObjectRef): string {
  return `${kind.toLowerCase()}/${name}`;
}
/** An object as the API shows it. */
export type ServedObject = Omit<ApiObject, 'origin'>;

/** `Node/master00`, as kubectl writes it. */
export function refName(ref: ObjectRef): string {
  return `${ref.kind}/${ref.name}`;
}

/** An object of one kind. */
export type ObjectOf<K extends Kind> = ApiObject<K, KindMap[K]['spec'], KindMap[K]['status']>;

/** An object of any of the kinds; `kind` tells which. */
export type AnyObject<K extends Kind = Kind> = { [P in K]: ObjectOf<P> }[K];
/** What `refName` wrote. */
export function parseRef(ref: string): ObjectRef {
  const slash = ref.indexOf('/');
  return { kind: ref.slice(0, slash) as Kind, name: ref.slice(slash + 1) };
}
