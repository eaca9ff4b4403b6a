import type { ManifestKindDefinition } from '../kinds/kinds.ts';
import { editDistance, nearest } from '../nearest.ts';
import { type JsonSchema, jsonSchema } from '../kinds/schema.ts';
import { onceEach } from '../once-each.ts';
import type { FieldPath } from './types.ts';

/** Fields of each mapping of a kind's manifest, by the mapping's path: `spec.networks[]` -> network, address, mac. */
type FieldIndex = ReadonlyMap<string, readonly string[]>;

/** What may have been meant by a field that its place does not have. */
export type Meant =
  /** Paths at which the kind has a field of that name. */
  | { readonly type: 'elsewhere'; readonly paths: readonly string[] }
  | { readonly type: 'near'; readonly field: string }
  /** Nothing is close; the fields of the place, none where it is no mapping. */
  | { readonly type: 'unclear'; readonly known: readonly string[] };

export function meantBy(kind: ManifestKindDefinition, parent: FieldPath, field: string): Meant {
  const index = fieldIndex(kind);
  const known = index.get(genericPath(parent)) ?? [];
  const near = nearest(field, known);
  const slip = near !== undefined && editDistance(near.toLowerCase(), field.toLowerCase()) <= 1;
  const elsewhere = [...index].filter(([, names]) => names.includes(field));
  if (!slip && elsewhere.length > 0)
    return { type: 'elsewhere', paths: elsewhere.map(([path]) => join(path, field)) };
  return near === undefined ? { type: 'unclear', known } : { type: 'near', field: near };
}

/** What to tell the person who wrote the field; undefined when there is nothing to tell. */
export function meantHint(meant: Meant, field: string): string | undefined {
  if (meant.type === 'elsewhere') return `"${field}" belongs at ${meant.paths.join(' or ')}`;
  if (meant.type === 'near') return `did you mean "${meant.field}"?`;
  return meant.known.length === 0 ? undefined : `known here: ${meant.known.join(', ')}`;
}

const fieldIndex = onceEach(
  (kind: ManifestKindDefinition): FieldIndex => new Map(walk('', jsonSchema(kind))),
);

function walk(path: string, schema: JsonSchema): readonly (readonly [string, readonly string[]])[] {
  if (schema.items !== undefined) return walk(`${path}[]`, schema.items);
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length === 0) return [];
  return [
    [path, properties.map(([name]) => name)],
    ...properties.flatMap(([name, child]) => walk(join(path, name), child)),
  ];
}

function genericPath(path: FieldPath): string {
  return path.reduce<string>((text, part) => (typeof part === 'number' ? `${text}[]` : join(text, part)), '');
}

function join(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`;
}
