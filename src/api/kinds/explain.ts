import { ReasonedError } from '../errors.ts';
import type { Kinds, ManifestKindDefinition } from './kinds.ts';
import { KINDS } from './list.ts';
import { suggestField } from '../manifest/fields.ts';
import { API_VERSION } from '../meta.ts';
import { nearest } from '../nearest.ts';
import { type JsonSchema, jsonSchema } from './schema.ts';

const WIDTH = 80;

/**
 * What a kind or one of its fields is, in the shape of `kubectl explain`: `node`, `kn.spec.disk`,
 * `nodes.spec.networks.mac`. Throws a ReasonedError (UnknownKind, UnknownField) that names the nearest known one.
 */
export function explain(path: string, kinds: Kinds = KINDS): string {
  const [word = '', ...fields] = path.split('.').map((part) => part.replace(/\[[0-9]*\]$/, ''));
  const definition = manifestKind(word, kinds);
  const schema = fields.reduce<JsonSchema>(
    (parent, _field, index) => childOf(definition, parent, fields.slice(0, index + 1)),
    jsonSchema(definition),
  );
  const field = fields.length === 0 ? [] : [`FIELD:      ${fields.join('.')} <${typeName(schema)}>`, ''];
  return [
    `KIND:       ${definition.kind}`,
    `VERSION:    ${API_VERSION}`,
    '',
    ...field,
    'DESCRIPTION:',
    ...wrap(schema.description ?? '<empty>'),
    ...details(schema).map((line) => `    ${line}`),
    ...fieldList(schema),
    '',
  ].join('\n');
}

function manifestKind(word: string, kinds: Kinds): ManifestKindDefinition {
  const resolved = kinds.resolve(word);
  const definition = kinds.manifest(resolved?.kind);
  if (definition !== undefined) return definition;
  if (resolved !== undefined) {
    const message = `cannot explain "${word}": k8slab makes the ${resolved.kind} object itself, no manifest has it`;
    throw new ReasonedError('UnknownKind', message);
  }
  const near = nearest(word, kinds.words);
  const known = kinds.manifests.map(({ kind }) => kind).join(', ');
  const hint = near === undefined ? `known kinds: ${known}` : `did you mean "${near}"?`;
  throw new ReasonedError('UnknownKind', `cannot explain "${word}": unknown kind`, { hint });
}

/** The schema of the last of `path`; `parent` is that of all before it. */
function childOf(
  definition: ManifestKindDefinition,
  parent: JsonSchema,
  path: readonly string[],
): JsonSchema {
  const field = path.at(-1) ?? '';
  const child = Object.hasOwn(fieldsOf(parent), field) ? fieldsOf(parent)[field] : undefined;
  if (child !== undefined) return child;
  const hint = suggestField(definition, path.slice(0, -1), field);
  throw new ReasonedError(
    'UnknownField',
    `cannot explain "${path.join('.')}" of ${definition.kind}: unknown field "${field}"`,
    hint === undefined ? {} : { hint },
  );
}

/** Fields of a mapping, or of the mappings in a list. */
function fieldsOf(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return (schema.items ?? schema).properties ?? {};
}

function fieldList(schema: JsonSchema): readonly string[] {
  const entries = Object.entries(fieldsOf(schema));
  if (entries.length === 0) return [];
  const required = new Set((schema.items ?? schema).required);
  const blocks = entries.map(([name, child]) => [
    `  ${name}\t<${typeName(child)}>${required.has(name) ? ' -required-' : ''}`,
    ...details(child).map((line) => `  ${line}`),
    ...wrap(child.description ?? '<empty>'),
    '',
  ]);
  return ['', 'FIELDS:', ...blocks.flat().slice(0, -1)];
}

function details(schema: JsonSchema): readonly string[] {
  const { minimum, maximum } = schema;
  const items = schema.items ?? schema;
  return [
    ...(items.enum === undefined ? [] : [`enum: ${items.enum.join(', ')}`]),
    ...(items.const === undefined ? [] : [`value: ${items.const}`]),
    ...(minimum === undefined || maximum === undefined ? [] : [`range: ${minimum} to ${maximum}`]),
    ...(schema.default === undefined || schema.type === 'object'
      ? []
      : [`default: ${plain(schema.default)}`]),
    ...(items.examples === undefined ? [] : [`example: ${items.examples.map(plain).join(', ')}`]),
  ];
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function typeName(schema: JsonSchema): string {
  if (schema.items !== undefined) return `[]${typeName(schema.items)}`;
  if (schema.type !== 'object' || schema.properties !== undefined) return schema.type ?? 'any';
  const { additionalProperties: values } = schema;
  return `map[string]${typeof values === 'object' ? typeName(values) : 'any'}`;
}

function wrap(text: string): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > WIDTH) lines.push(`    ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
