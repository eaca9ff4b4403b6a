import { z } from 'zod';
import type { KindDefinition } from './define.ts';
import type { JsonSchema } from './json-schema.ts';
import type { Kinds } from './kinds.ts';
import { jsonSchema, SPEC_WORDS } from './schema.ts';

/**
 * The JSON Schema of an object as the API serves it: what a manifest of its kind has, and what the daemon adds in metadata and
 * status.
 */
export function servedObjectSchema(definition: KindDefinition, kinds: Kinds): JsonSchema {
  const { kind, description } = definition;
  const manifest = kinds.manifest(kind);
  const { properties = {} } = manifest === undefined ? daemonMade(definition) : jsonSchema(manifest);
  return {
    title: kind,
    description,
    type: 'object',
    properties: {
      apiVersion: { type: 'string', description: 'Version of the schema.' },
      kind: { type: 'string', description: 'Kind of the object.' },
      metadata: metadataSchema(properties['metadata']),
      ...(properties['spec'] === undefined ? {} : { spec: properties['spec'] }),
      status: statusSchema(definition),
    },
  };
}

function daemonMade({ spec }: KindDefinition): JsonSchema {
  if (spec === undefined) return {};
  const said = { ...(z.toJSONSchema(spec, { io: 'input' }) as JsonSchema), description: SPEC_WORDS };
  return { properties: { spec: said } };
}

/** The status of a kind, which the daemon writes. */
export function statusSchema({ status = {} }: KindDefinition): JsonSchema {
  return {
    type: 'object',
    description: 'What the daemon found; it writes it, no manifest does.',
    readOnly: true,
    properties: {
      conditions: {
        type: 'array',
        description: 'What holds of the object and what does not.',
        items: { type: 'object', properties: CONDITION, required: ['type'] },
        // Several write conditions of one object, each its own.
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['type'],
      },
      observedGeneration: {
        type: 'integer',
        description: 'The generation that the daemon acted on last.',
      },
      ...status,
    },
  };
}

const CONDITION: Readonly<Record<string, JsonSchema>> = {
  type: { type: 'string', description: 'What it is about, such as Ready.' },
  status: { type: 'string', enum: ['True', 'False', 'Unknown'], description: 'Whether it holds.' },
  reason: { type: 'string', description: 'Why, in a word for programs.' },
  message: { type: 'string', description: 'Why, in a sentence for people.' },
  lastTransitionTime: { type: 'string', description: 'Since when its status is as it is, RFC 3339.' },
  observedGeneration: { type: 'integer', description: 'The generation that it was found for.' },
};

function metadataSchema({ properties = {} }: JsonSchema = {}): JsonSchema {
  const named = properties['name'] ?? {
    type: 'string',
    description: 'Name of the object, unique within its kind.',
  };
  return {
    type: 'object',
    description: 'Name and labels of the object.',
    properties: { name: named, ...properties, ...SERVER_FIELDS },
  };
}

/** What the daemon itself writes there. */
const SERVER_FIELDS: Readonly<Record<string, JsonSchema>> = {
  uid: { type: 'string', readOnly: true, description: 'The same for as long as the manifest stays.' },
  generation: {
    type: 'integer',
    readOnly: true,
    description: 'Goes up when the spec changes, and when its removal begins or is called off.',
  },
  resourceVersion: { type: 'string', readOnly: true, description: 'Another one after each change.' },
  creationTimestamp: { type: 'string', readOnly: true, description: 'When it came, RFC 3339.' },
  deletionTimestamp: {
    type: 'string',
    readOnly: true,
    description: 'Since when what was made from it is being removed, RFC 3339.',
  },
  finalizers: {
    type: 'array',
    items: { type: 'string' },
    readOnly: true,
    description: 'What still has to be done before it may go.',
  },
};
