import type { Kinds } from '../kinds/kinds.ts';
import { formatPath } from '../manifest/path.ts';
import type { ManifestKind } from '../meta.ts';

export interface KnownSpec {
  readonly spec: unknown;
  /** Fields that were left out, such as `spec.disk.encryption`. */
  readonly ignored: readonly string[];
}

const NONE: readonly string[] = [];

/**
 * A spec without the fields that this release does not know. The API server refuses what its CustomResourceDefinitions
 * do not have, so these are fields of a newer release, and no mistakes as they would be in a file.
 */
export function knownSpec(kinds: Kinds, kind: ManifestKind, spec: unknown): KnownSpec {
  const issues = kinds.manifest(kind)?.manifest.spec.safeParse(spec).error?.issues ?? [];
  const unknown = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [],
  );
  if (unknown.length === 0) return { spec, ignored: NONE };
  const known: unknown = structuredClone(spec);
  for (const path of unknown) remove(known, path);
  const ignored = unknown.map((path) => formatPath(['spec', ...path.map(fieldOf)]));
  return { spec: known, ignored };
}

function remove(value: unknown, path: readonly PropertyKey[]): void {
  const parent = path
    .slice(0, -1)
    .reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)[key], value);
  Reflect.deleteProperty(parent as object, path.at(-1) ?? '');
}

function fieldOf(key: PropertyKey): string | number {
  return typeof key === 'number' ? key : String(key);
}
