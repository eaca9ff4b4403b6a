import { z } from 'zod';
import { onceEach } from '../once-each.ts';
import { metadataSchema, SERVER_METADATA, STATUS } from './fields.ts';
import { API_VERSION, type KindMap, type ManifestKind } from '../meta.ts';
import type { KindDefinition } from './define.ts';
import type { JsonSchema } from './json-schema.ts';
import type { Kinds, ManifestKindDefinition } from './kinds.ts';

export type { JsonSchema } from './json-schema.ts';

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

export const SPEC_WORDS = 'What the object shall be.';

/** What a manifest of the kind must look like, strict: unknown fields are errors; defaults are filled in. */
export function manifestSchema(definition: ManifestKindDefinition): z.ZodType<ManifestEnvelope> {
  return envelope(definition) as z.ZodType<ManifestEnvelope>;
}

/** A manifest that its schema accepted. */
export interface ManifestEnvelope {
  readonly metadata: z.output<typeof metadataSchema>;
  readonly spec: KindMap[ManifestKind]['spec'];
}

const envelope = onceEach(({ kind, manifest }: ManifestKindDefinition): z.ZodType =>
  z.strictObject({
    apiVersion: z.literal(API_VERSION).meta({ description: 'Version of the schema.' }),
    kind: z.literal(kind).meta({ description: 'Kind of the object.' }),
    metadata: metadataSchema.meta({ description: 'Name and labels of the object.' }),
    spec: manifest.spec.meta({ description: SPEC_WORDS }),
  }),
);

/** A List of objects of any kinds, as `get -o yaml` prints it, or one such as NodeList, as the API gives it. */
export function isListKind(kind: unknown, { all }: Kinds): boolean {
  return kind === LIST || all.some((each) => kind === listKind(each));
}

/** What a List must look like, strict; each of its items is then a manifest, or a List, of its own. */
export function listSchema(kind: unknown, kinds: Kinds): z.ZodType {
  return kind === LIST ? listEnvelope('v1', [LIST]) : listEnvelope(API_VERSION, kinds.all.map(listKind));
}

const LIST = 'List';

function listKind({ kind }: KindDefinition): string {
  return `${kind}List`;
}

function listEnvelope(apiVersion: string, kinds: readonly string[]): z.ZodType {
  return z.strictObject({
    apiVersion: z.literal(apiVersion).meta({ description: 'Version of the List.' }),
    kind: z.literal(kinds).meta({ description: 'Kind of the List.' }),
    metadata: z.unknown().optional().meta({ description: 'Says nothing, and may be left out.' }),
    items: z.array(z.unknown()).meta({ description: 'The manifests.' }),
  });
}

/** The JSON Schema of a whole manifest of that kind, as a user writes it (defaults may be left out). */
export function jsonSchema(definition: ManifestKindDefinition): JsonSchema {
  return { $schema: DIALECT, ...kindSchema(definition) };
}

/** The JSON Schema of a document of any kind, or of a List of them: what the parser takes. */
export function anyJsonSchema(kinds: Kinds): JsonSchema {
  const forms: Readonly<Record<string, JsonSchema>> = {
    ...Object.fromEntries(kinds.all.map((each) => [each.kind, servedSchema(each, kinds)])),
    List: listJsonSchema(listSchema(LIST, kinds)),
    KindList: listJsonSchema(listSchema(undefined, kinds)),
  };
  return {
    $schema: DIALECT,
    title: 'k8slab',
    description: 'A manifest of k8slab, or a List of them.',
    oneOf: Object.keys(forms).map((form) => ({ $ref: `#/$defs/${form}` })),
    $defs: forms,
  };
}

function servedSchema({ kind, description }: KindDefinition, kinds: Kinds): JsonSchema {
  const definition = kinds.manifest(kind);
  if (definition !== undefined) return withServed(kindSchema(definition));
  return {
    title: kind,
    description: `${description} Written by the daemon; ignored in a manifest.`,
    type: 'object',
    properties: { apiVersion: { const: API_VERSION }, kind: { const: kind } },
    required: ['apiVersion', 'kind'],
  };
}

function listJsonSchema(list: z.ZodType): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(list, { io: 'input' }) as JsonSchema;
  const { properties = {} } = schema;
  const items = { ...properties.items, items: { $ref: '#' } };
  return { description: 'Manifests in one document.', ...schema, properties: { ...properties, items } };
}

/** The schemas as files below `schemas/`: one for each kind, and `all.json` for files that hold several. */
export function schemaFiles(kinds: Kinds): readonly { readonly path: string; readonly text: string }[] {
  const schemas: readonly (readonly [string, JsonSchema])[] = [
    ...kinds.manifests.map(
      (definition) => [definition.kind.toLowerCase(), withServed(jsonSchema(definition))] as const,
    ),
    ['all', anyJsonSchema(kinds)],
  ];
  return schemas.map(([name, schema]) => ({
    path: `${API_VERSION}/${name}.json`,
    text: `${JSON.stringify(schema, undefined, 2)}\n`,
  }));
}

const SERVED: JsonSchema = { description: 'Written by the daemon; left out of a manifest.', readOnly: true };

/** An editor shall not complain of what `get -o yaml` printed, which is a manifest too (`openEnvelope`). */
function withServed(schema: JsonSchema): JsonSchema {
  const { properties = {} } = schema;
  const { metadata = {} } = properties;
  const served = Object.fromEntries(SERVER_METADATA.map((field) => [field, SERVED]));
  return {
    ...schema,
    properties: {
      ...properties,
      metadata: { ...metadata, properties: { ...metadata.properties, ...served } },
      [STATUS]: SERVED,
    },
  };
}

function kindSchema(definition: ManifestKindDefinition): JsonSchema {
  const schema = z.toJSONSchema(manifestSchema(definition), { io: 'input' }) as JsonSchema;
  const entries = Object.entries(schema).filter(([key]) => key !== '$schema');
  const { kind, description } = definition;
  return { title: kind, description, ...Object.fromEntries(entries) };
}
