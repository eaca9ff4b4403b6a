import type { z } from 'zod';
import type { Manifests } from '../manifest/manifests.ts';
import type { CrossError, FieldIssue, FieldPath, Reference } from '../manifest/types.ts';
import type { Kind, KindMap, ManifestKind, ObjectOf, ObjectStatus } from '../meta.ts';
import type { Column } from './columns.ts';
import type { JsonSchema } from './json-schema.ts';
import type { MetricFamily } from './metrics.ts';
import type { Privileged } from './privileges.ts';
import type { Read } from './reads.ts';
import type { CelRule } from './rules.ts';

export interface KindNames {
  readonly kind: Kind;
  readonly singular: string;
  readonly plural: string;
  /** As API discovery lists them; `node` alone means another thing to a kubectl that also sees a cluster. */
  readonly shortNames: readonly string[];
  /** What only k8slab's own command line accepts beside them. */
  readonly aliases: readonly string[];
}

/** What a kind is. All that lists, checks, prints, serves or watches objects goes by these definitions. */
export interface KindDefinition<K extends Kind = Kind> {
  readonly kind: K;
  /** Left out are the singular, which is the kind in lower case, and the plural, which has an s besides. */
  readonly shortNames: readonly string[];
  readonly aliases: readonly string[];
  /** As `explain` says it. */
  readonly description: string;
  /** Undefined: made by the daemon, no manifest has it. */
  readonly manifest?: K extends ManifestKind ? ManifestDefinition<K> : undefined;
  /** Of a kind that the daemon makes: what people may nevertheless say of an object, on an API server. */
  readonly spec?: z.ZodType<KindMap[K]['spec']>;
  /**
   * Passes at the same time; `reserved` of them never are periodic ones, which may wait long for guests that do not
   * answer. One, none reserved, when left out.
   */
  readonly workers: { readonly most: number; readonly reserved: number };
  /** What its status has beside conditions, for who asks what a field means. */
  readonly status?: StatusFields<K>;
  /** Fields beside its name by which `--field-selector` selects, such as `spec.role`: texts. */
  readonly selectable?: readonly string[];
  /** Between NAME and READY, as `get` prints them. */
  readonly columns: readonly Column<ObjectOf<K>>[];
  /** What a pass over an object of this kind reads of other objects: a change of that makes it be looked at again. */
  readonly reads: readonly Read[];
  /** Series beside the conditions'. */
  readonly metrics?: readonly MetricFamily<ObjectOf<K>>[];
}

/** Of every field that a status has of its own. */
export type StatusFields<K extends Kind> = Readonly<
  Record<Exclude<keyof KindMap[K]['status'], keyof ObjectStatus>, JsonSchema>
>;

/** What a manifest of the kind is. The functions are methods, so that a list can hold the definitions of all kinds. */
export interface ManifestDefinition<K extends ManifestKind = ManifestKind> {
  /** Strict: unknown fields are errors; defaults are filled in. */
  readonly spec: z.ZodType<KindMap[K]['spec']>;
  /** What the schema cannot say: rules between the fields of one object. Paths begin with `spec`. */
  check(spec: KindMap[K]['spec']): readonly FieldIssue[];
  /** What `check` says, as far as an API server can check it by itself. */
  readonly rules?: readonly CelRule[];
  /** Fields with a default that an object which adopts does not take: left out, they stay as they were found. */
  readonly keptWhenAdopted?: readonly string[];
  /** Fields that are handed to a program that reads YAML 1.1, as cloud-init does. */
  readonly yaml11?: readonly FieldPath[];
  /** The objects it names, and waits for until they are there. */
  references?(spec: KindMap[K]['spec']): readonly Reference[];
  /** Fields for which an object of an API server needs a vmhost's leave. */
  privileges?(spec: KindMap[K]['spec']): readonly Privileged[];
  /** What is wrong between objects, as far as this kind is concerned. */
  crossCheck?(manifests: Manifests): readonly CrossError[];
}

/** A kind, as the list of kinds takes it. */
export function defineKind<K extends Kind>(
  definition: Omit<KindDefinition<K>, 'shortNames' | 'aliases' | 'reads' | 'workers'> &
    Partial<KindDefinition<K>>,
): KindDefinition<K> {
  return { shortNames: [], aliases: [], reads: [], workers: { most: 1, reserved: 0 }, ...definition };
}
