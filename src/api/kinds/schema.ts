import { z } from 'zod';
import { metadataSchema } from './fields.ts';
import { imageSpec } from '../image/spec.ts';
import { loadBalancerSpec } from '../load-balancer/spec.ts';
import { networkSpec } from '../network/spec.ts';
import { nodeSpec } from '../node/spec.ts';
import { API_VERSION, MANIFEST_KINDS, type ManifestKind } from '../meta.ts';

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
  readonly oneOf?: readonly JsonSchema[];
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly $ref?: string;
}

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** What a manifest of each kind must look like, strict: unknown fields are errors; defaults are filled in. */
export const manifestSchemas = {
  Network: envelope('Network', networkSpec),
  Image: envelope('Image', imageSpec),
  Node: envelope('Node', nodeSpec),
  LoadBalancer: envelope('LoadBalancer', loadBalancerSpec),
} satisfies Record<ManifestKind, z.ZodType>;

const descriptions: Readonly<Record<ManifestKind, string>> = {
  Network: 'A libvirt network with the reservations and DNS records of all Nodes that name it.',
  Image: 'A disk image that Nodes start from: fetched once, verified, never changed afterwards.',
  Node: 'A virtual machine, made from an image and prepared by cloud-init.',
  LoadBalancer: 'The HAProxy of a Node, whose servers follow the Nodes.',
};

function envelope<K extends ManifestKind, Spec extends z.ZodType>(kind: K, spec: Spec) {
  return z.strictObject({
    apiVersion: z.literal(API_VERSION).meta({ description: 'Version of the schema.' }),
    kind: z.literal(kind).meta({ description: 'Kind of the object.' }),
    metadata: metadataSchema.meta({ description: 'Name and labels of the object.' }),
    spec: spec.meta({ description: 'What the object shall be.' }),
  });
}

/** The JSON Schema of a whole manifest of that kind, as a user writes it (defaults may be left out). */
export function jsonSchema(kind: ManifestKind): JsonSchema {
  return { $schema: DIALECT, ...kindSchema(kind) };
}

/** The JSON Schema of a document of any kind, for files that hold several. */
export function anyJsonSchema(): JsonSchema {
  return {
    $schema: DIALECT,
    title: 'k8slab',
    description: 'A manifest of k8slab.',
    oneOf: MANIFEST_KINDS.map((kind) => ({ $ref: `#/$defs/${kind}` })),
    $defs: Object.fromEntries(MANIFEST_KINDS.map((kind) => [kind, kindSchema(kind)])),
  };
}

/** The schemas as files below `schemas/`: one for each kind, and `all.json` for files that hold several. */
export function schemaFiles(): readonly { readonly path: string; readonly text: string }[] {
  const schemas: readonly (readonly [string, JsonSchema])[] = [
    ...MANIFEST_KINDS.map((kind) => [kind.toLowerCase(), jsonSchema(kind)] as const),
    ['all', anyJsonSchema()],
  ];
  return schemas.map(([name, schema]) => ({
    path: `${API_VERSION}/${name}.json`,
    text: `${JSON.stringify(schema, undefined, 2)}\n`,
  }));
}

function kindSchema(kind: ManifestKind): JsonSchema {
  const schema = z.toJSONSchema(manifestSchemas[kind], { io: 'input' }) as JsonSchema;
  const entries = Object.entries(schema).filter(([key]) => key !== '$schema');
  return { title: kind, description: descriptions[kind], ...Object.fromEntries(entries) };
}
