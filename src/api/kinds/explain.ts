import { ReasonedError } from '../errors.ts';
import type { KindDefinition } from './define.ts';
import { STATUS } from './fields.ts';
import type { JsonSchema } from './json-schema.ts';
import type { Kinds } from './kinds.ts';
import { KINDS } from './list.ts';
import { meantBy, meantHint } from '../manifest/fields.ts';
import { API_VERSION } from '../meta.ts';
import { nearest } from '../nearest.ts';
import { servedObjectSchema } from './served-schema.ts';

const WIDTH = 80;

/**
 * What a kind or one of its fields is, in the shape of `kubectl explain`: `node`, `kn.spec.disk`,
 * `nodes.spec.networks.mac`, `node.status.address`. Throws a ReasonedError (UnknownKind, UnknownField) that names the nearest
 * known one.
 * @param recursive all fields below it, by their names and types
 */
export function explain(path: string, { kinds = KINDS, recursive = false }: ExplainOptions = {}): string {
  const { definition, fields, schema } = resolvePath(path, kinds);
  const field = fields.length === 0 ? [] : [`FIELD:      ${fields.join('.')} <${typeName(schema)}>`, ''];
  return [
    `KIND:       ${definition.kind}`,
    `VERSION:    ${API_VERSION}`,
    '',
    ...field,
    'DESCRIPTION:',
    ...wrap(schema.description ?? '<empty>'),
    ...details(schema).map((line) => `    ${line}`),
    ...(recursive ? fieldTree(schema) : fieldList(schema)),
    '',
  ].join('\n');
}

export interface ExplainOptions {
  readonly kinds?: Kinds;
  readonly recursive?: boolean;
}

/** A field by its name, for those who ask what there is. */
export interface ChildField {
  readonly name: string;
  readonly description: string;
  /** There are fields below it. */
  readonly hasFields: boolean;
}

/** The fields right below a path. @throws ReasonedError as `explain` */
export function childFields(path: string, kinds: Kinds = KINDS): ChildField[] {
  return Object.entries(fieldsOf(resolvePath(path, kinds).schema)).map(([name, schema]) => ({
    name,
    description: schema.description ?? '',
    hasFields: Object.keys(fieldsOf(schema)).length > 0,
  }));
}

interface Resolved {
  readonly definition: KindDefinition;
  readonly fields: readonly string[];
  readonly schema: JsonSchema;
}

function resolvePath(path: string, kinds: Kinds): Resolved {
  const [word = '', ...parts] = path.replace(/\.$/, '').split('.');
  const fields = parts.map((part) => part.replace(/\[[0-9]*\]$/, ''));
  const definition = kindOf(word.replace(/\[[0-9]*\]$/, ''), kinds);
  const schema = fields.reduce<JsonSchema>(
    (parent, _field, index) => childOf(definition, parent, { path: fields.slice(0, index + 1), kinds }),
    servedObjectSchema(definition, kinds),
  );
  return { definition, fields, schema };
}

function kindOf(word: string, kinds: Kinds): KindDefinition {
  const resolved = kinds.resolve(word);
  if (resolved !== undefined) return resolved;
  const near = nearest(word, kinds.words);
  const known = kinds.all.map(({ kind }) => kind).join(', ');
  const hint = near === undefined ? `known kinds: ${known}` : `did you mean "${near}"?`;
  throw new ReasonedError('UnknownKind', `cannot explain "${word}": unknown kind`, { hint });
}

/** The schema of the last of `path`; `parent` is that of all before it. */
function childOf(
  definition: KindDefinition,
  parent: JsonSchema,
  { path, kinds }: { readonly path: readonly string[]; readonly kinds: Kinds },
): JsonSchema {
  const field = path.at(-1) ?? '';
  const child = Object.hasOwn(fieldsOf(parent), field) ? fieldsOf(parent)[field] : undefined;
  if (child !== undefined) return child;
  const hint = hintAt(definition, parent, { path, kinds });
  throw new ReasonedError(
    'UnknownField',
    `cannot explain "${path.join('.')}" of ${definition.kind}: unknown field "${field}"`,
    hint === undefined ? {} : { hint },
  );
}

/** Where the field belongs in a manifest, else what is nearest among those that there are. */
function hintAt(
  definition: KindDefinition,
  parent: JsonSchema,
  { path, kinds }: { readonly path: readonly string[]; readonly kinds: Kinds },
): string | undefined {
  const field = path.at(-1) ?? '';
  const names = Object.keys(fieldsOf(parent));
  const manifest = path[0] === STATUS ? undefined : kinds.manifest(definition.kind);
  const meant = manifest && meantBy(manifest, path.slice(0, -1), field);
  if (meant !== undefined && meant.type !== 'unclear') return meantHint(meant, field);
  // What is served has fields that no manifest has.
  const near = nearest(field, names);
  return meantHint(
    near === undefined ? { type: 'unclear', known: names } : { type: 'near', field: near },
    field,
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

/** Names and types alone, as `kubectl explain --recursive` prints them. */
function fieldTree(schema: JsonSchema): readonly string[] {
  const lines = treeLines(schema, '  ');
  return lines.length === 0 ? [] : ['', 'FIELDS:', ...lines];
}

function treeLines(schema: JsonSchema, indent: string): readonly string[] {
  const required = new Set((schema.items ?? schema).required);
  return Object.entries(fieldsOf(schema)).flatMap(([name, child]) => {
    const choices = (child.items ?? child).enum;
    return [
      `${indent}${name}\t<${typeName(child)}>${required.has(name) ? ' -required-' : ''}`,
      ...(choices === undefined ? [] : [`${indent}enum: ${choices.join(', ')}`]),
      ...treeLines(child, `${indent}  `),
    ];
  });
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
