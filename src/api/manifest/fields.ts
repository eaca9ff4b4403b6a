import type { ManifestKindDefinition } from '../kinds/kinds.ts';
import { editDistance, nearest } from '../nearest.ts';
import { type JsonSchema, jsonSchema } from '../kinds/schema.ts';
import type { FieldPath } from './types.ts';

/** Fields of each mapping of a kind's manifest, by the mapping's path: `spec.networks[]` -> network, address, mac. */
type FieldIndex = ReadonlyMap<string, readonly string[]>;

const indexes = new WeakMap<ManifestKindDefinition, FieldIndex>();

/** What to tell a person who wrote a field that its place does not have; undefined when nothing is close. */
export function suggestField(
  kind: ManifestKindDefinition,
  parent: FieldPath,
  field: string,
): string | undefined {
  const index = fieldIndex(kind);
  const here = index.get(genericPath(parent)) ?? [];
  const near = nearest(field, here);
  const slip = near !== undefined && editDistance(near.toLowerCase(), field.toLowerCase()) <= 1;
  const elsewhere = [...index].filter(([, names]) => names.includes(field));
  if (!slip && elsewhere.length > 0) {
    return `"${field}" belongs at ${elsewhere.map(([path]) => join(path, field)).join(' or ')}`;
  }
  return near === undefined ? known(here) : `did you mean "${near}"?`;
}

function known(fields: readonly string[]): string | undefined {
  return fields.length === 0 ? undefined : `known here: ${fields.join(', ')}`;
}

function fieldIndex(kind: ManifestKindDefinition): FieldIndex {
  const index = indexes.get(kind) ?? new Map(walk('', jsonSchema(kind)));
  indexes.set(kind, index);
  return index;
}

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
