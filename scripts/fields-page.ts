import type { Kinds, ManifestKindDefinition } from '../src/api/kinds/kinds.ts';
import { namesOf } from '../src/api/kinds/kinds.ts';
import { jsonSchema, type JsonSchema } from '../src/api/kinds/schema.ts';
import { z } from 'zod';
import { daemonConfig } from '../src/api/daemon-config.ts';

/** docs/fields.md: every field of every manifest, and of the daemon's configuration. */
export function fieldsPage(kinds: Kinds): string {
  const config = z.toJSONSchema(daemonConfig, { io: 'input' }) as JsonSchema;
  return [
    '# Fields',
    '',
    '<!-- made by npm run generate: edit the descriptions in src/api -->',
    '',
    'Every field of every manifest, as `k8slab explain` tells them, and of the configuration. **Bold** ones are required.',
    'What they mean for a machine that runs is in [node-changes.md](node-changes.md) and [disruption.md](disruption.md).',
    '',
    ...kinds.manifests.flatMap(section),
    '## /etc/k8slab/k8slabd.yaml',
    '',
    ...table(rowsOf(config, '')),
    '',
  ].join('\n');
}

function section(definition: ManifestKindDefinition): string[] {
  const { shortNames, plural } = namesOf(definition);
  const { properties = {} } = jsonSchema(definition);
  const { metadata = {}, spec = {} } = properties;
  return [
    `## ${definition.kind}`,
    '',
    `${definition.description} Plural \`${plural}\`, short \`${shortNames.join('`, `')}\`.`,
    '',
    ...table([...rowsOf(metadata, 'metadata.'), ...rowsOf(spec, 'spec.')]),
    '',
  ];
}

export interface Row {
  readonly path: string;
  readonly required: boolean;
  readonly schema: JsonSchema;
}

/** Depth first, in the order of the schema: a mapping before its fields. */
export function rowsOf(schema: JsonSchema, prefix: string): Row[] {
  const inner = schema.items ?? schema;
  const required = new Set(inner.required);
  return Object.entries(inner.properties ?? {}).flatMap(([name, child]) => {
    const path = `${prefix}${name}`;
    const below = child.type === 'array' ? `${path}[].` : `${path}.`;
    return [{ path, required: required.has(name), schema: child }, ...rowsOf(child, below)];
  });
}

function table(rows: readonly Row[]): string[] {
  return [
    '| field | type | default | meaning |',
    '| --- | --- | --- | --- |',
    ...rows.map(({ path, required, schema }) => {
      const name = required ? `**\`${path}\`**` : `\`${path}\``;
      return `| ${[name, typeOf(schema), defaultOf(schema), meaning(schema)].map(cell).join(' | ')} |`;
    }),
  ];
}

export function typeOf(schema: JsonSchema): string {
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}`;
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeOf))].join(' or ');
  if (schema.enum !== undefined) return schema.enum.map((each) => `\`${each}\``).join(', ');
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  const range =
    schema.minimum === undefined || schema.maximum === undefined
      ? ''
      : `, ${schema.minimum} to ${schema.maximum}`;
  return `${schema.type ?? 'any'}${range}`;
}

export function defaultOf({ default: value, type }: JsonSchema): string {
  return value === undefined || type === 'object' ? '' : `\`${JSON.stringify(value)}\``;
}

export function meaning({ description = '', items, examples = items?.examples }: JsonSchema): string {
  const such = examples?.map((each) => `\`${typeof each === 'string' ? each : JSON.stringify(each)}\``);
  return such === undefined ? description : `${description} Such as ${such.join(', ')}.`;
}

/** A bar would end the cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
