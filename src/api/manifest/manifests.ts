import type { ManifestKind } from '../meta.ts';
import type { ParsedObject } from './types.ts';

/** All objects of all manifests, in the order of files and lines. */
export interface Manifests {
  of<K extends ManifestKind>(kind: K): readonly ParsedObject<K>[];
  /** The first one of that kind and name. */
  get<K extends ManifestKind>(kind: K, name: string): ParsedObject<K> | undefined;
}

export function indexManifests(objects: readonly ParsedObject[]): Manifests {
  const byKind = Map.groupBy(objects, ({ kind }) => kind as string);
  const byName = new Map(objects.toReversed().map((object) => [`${object.kind}/${object.name}`, object]));
  return {
    of: <K extends ManifestKind>(kind: K) =>
      (byKind.get(kind) ?? []) as unknown as readonly ParsedObject<K>[],
    get: <K extends ManifestKind>(kind: K, name: string) =>
      byName.get(`${kind}/${name}`) as unknown as ParsedObject<K> | undefined,
  };
}
