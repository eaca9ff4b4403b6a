import { z } from 'zod';
import { metadataSchema, SERVER_METADATA, STATUS } from './fields.ts';
import { API_VERSION, type KindMap, type ManifestKind } from '../meta.ts';
import type { Kinds, ManifestKindDefinition } from './kinds.ts';

/** The part of JSON Schema 2020-12 that the kinds' schemas use. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly readOnly?: true;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly $ref?: string;
}

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

const envelopes = new WeakMap<ManifestKindDefinition, z.ZodType>();

/** What a manifest of the kind must look like, strict: unknown fields are errors; defaults are filled in. */
export function manifestSchema(definition: ManifestKindDefinition): z.ZodType<ManifestEnvelope> {
  const known = envelopes.get(definition) ?? envelope(definition);
  envelopes.set(definition, known);
  return known as z.ZodType<ManifestEnvelope>;
}

/** A manifest that its schema accepted. */
export interface ManifestEnvelope {
  readonly metadata: z.output<typeof metadataSchema>;
  readonly spec: KindMap[ManifestKind]['spec'];
}

function envelope({ kind, manifest }: ManifestKindDefinition): z.ZodType {
  return z.strictObject({
    apiVersion: z.literal(API_VERSION).meta({ description: 'Version of the schema.' }),
    kind: z.literal(kind).meta({ description: 'Kind of the object.' }),
    metadata: metadataSchema.meta({ description: 'Name and labels of the object.' }),
    spec: manifest.spec.meta({ description: 'What the object shall be.' }),
  });
}

/** The JSON Schema of a whole manifest of that kind, as a user writes it (defaults may be left out). */
export function jsonSchema(definition: ManifestKindDefinition): JsonSchema {
  return { $schema: DIALECT, ...kindSchema(definition) };
}

/** The JSON Schema of a document of any kind, for files that hold several. */
export function anyJsonSchema({ manifests }: Kinds): JsonSchema {
  return {
    $schema: DIALECT,
    title: 'k8slab',
    description: 'A manifest of k8slab.',
    oneOf: manifests.map(({ kind }) => ({ $ref: `#/$defs/${kind}` })),
    $defs: Object.fromEntries(
      manifests.map((definition) => [definition.kind, withServed(kindSchema(definition))]),
    ),
  };
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
