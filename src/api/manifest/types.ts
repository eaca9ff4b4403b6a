import type { FieldPath } from './path.ts';
import type { Places } from './places.ts';
import type { KindMap, ManifestKind, ObjectRef, Origin } from '../meta.ts';

export type { FieldPath, Position } from './path.ts';

export type ManifestErrorCode =
  | 'FileTooLarge'
  | 'EmptyFile'
  | 'UnreadableFile'
  | 'TooDeep'
  | 'TooManyAliases'
  | 'TooManyValues'
  | 'InvalidYaml'
  | 'DuplicateKey'
  | 'NotAnObject'
  | 'UnknownKind'
  | 'UnknownVersion'
  | 'UnknownField'
  | 'InvalidKey'
  | 'MissingField'
  | 'WrongType'
  | 'InvalidValue'
  | CrossErrorCode;

export type CrossErrorCode =
  | 'DuplicateObject'
  | 'DuplicateMac'
  | 'DuplicateAddress'
  | 'DuplicateName'
  | 'NameNotUsable'
  | 'DuplicateBridge'
  | 'DuplicateVNI'
  | 'DuplicateDisk'
  | 'AddressNotUsable'
  | 'OverlappingNetworks'
  | 'OverlappingPodCidr'
  | 'PodCidrOutsideRange'
  | 'CloneCircle'
  | 'DuplicateLoadBalancer';

/** One thing wrong with a manifest, at a place a person can go to. Lines and columns count from 1. */
export interface ManifestError {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The field, such as `spec.networks[0].mac`; empty when the whole document is meant. */
  readonly path: string;
  readonly code: ManifestErrorCode;
  readonly message: string;
  readonly hint?: string;
  /** The object the error is in, where its kind and name could be read. */
  readonly object?: ObjectRef<ManifestKind>;
}

/** An error between objects. */
export interface CrossError extends ManifestError {
  readonly code: CrossErrorCode;
  readonly object: ObjectRef<ManifestKind>;
  /** All that take part: the condemned object (the one at `file:line`, equal to `object`) first. */
  readonly objects: readonly ObjectRef<ManifestKind>[];
}

/** Something that may be a mistake, and does no harm. */
export type ManifestWarning = Omit<ManifestError, 'code' | 'object'> & {
  readonly code: 'UnknownReference';
  readonly object: ObjectRef<ManifestKind>;
};

interface Parsed<K extends ManifestKind> {
  readonly kind: K;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** The checked spec, its defaults filled in. */
  readonly spec: KindMap[K]['spec'];
  /** SHA-256 of the spec as canonical JSON: equal for equal content, whatever the comments and the order of keys. */
  readonly hash: string;
  /** What the manifest names, where the object adopts. */
  readonly origin?: Origin;
  readonly source: { readonly file: string; readonly line: number };
  /** Where each field's value stands; look up with `positionOf`. */
  readonly places: Places;
}

/** A whole, checked object of a manifest. `kind` tells the type of `spec`. */
export type ParsedObject<K extends ManifestKind = ManifestKind> = { [P in K]: Parsed<P> }[K];

/** A field that names another object, or the role of Nodes. */
export interface Reference {
  readonly path: FieldPath;
  readonly kind: ManifestKind | 'role';
  readonly name: string;
}

/** What is wrong with one field of one object, before its place in the file is looked up. */
export interface FieldIssue {
  readonly path: FieldPath;
  readonly code: ManifestErrorCode;
  readonly message: string;
  readonly hint?: string;
}
