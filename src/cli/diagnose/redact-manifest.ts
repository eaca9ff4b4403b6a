import { isRecord } from '../../api/manifest/envelope.ts';
import { KINDS } from '../../api/kinds/list.ts';
import { jsonSchema, type JsonSchema } from '../../api/kinds/schema.ts';
import { redactUrl } from '../../drivers/images.ts';
import { REDACTED } from './redact-text.ts';

/** Fields that hold whatever a user puts there, by their path without the numbers of lists. */
const USERS_OWN: ReadonlySet<string> = new Set(['spec.cloudInit.commands', 'spec.cloudInit.files.content']);
/** Maps whose values may stay. */
const OPEN_MAPS: ReadonlySet<string> = new Set(['metadata.labels', 'spec.frontends.backend.labels']);

const schemas = new Map<string, JsonSchema>();

/**
 * An object of a manifest or of the API without what a user may have put a secret into: what cloud-init gets, values of
 * annotations, credentials in URLs. Only fields that the schema knows stay: a misspelt one may be any of those.
 */
export function redactObject(object: unknown): unknown {
  if (!isRecord(object)) return REDACTED;
  if (Array.isArray(object['items']))
    return { ...onlyText(object), items: object['items'].map(redactObject) };
  const definition = KINDS.manifest(object['kind']);
  if (definition === undefined)
    return object['kind'] === 'Vmhost' ? object : { ...onlyText(object), spec: REDACTED };
  const schema = schemas.get(definition.kind) ?? jsonSchema(definition);
  schemas.set(definition.kind, schema);
  const { status, metadata, ...manifest } = object;
  return {
    ...(walk(schema, manifest, '') as Readonly<Record<string, unknown>>),
    ...(metadata === undefined ? {} : { metadata: redactMetadata(metadata) }),
    ...(status === undefined ? {} : { status }),
  };
}

/** All that a user gave cloud-init, to be looked for in what others wrote. */
export function secretsOf(object: unknown): string[] {
  if (!isRecord(object)) return [];
  if (Array.isArray(object['items'])) return object['items'].flatMap(secretsOf);
  const spec = isRecord(object['spec']) ? object['spec'] : {};
  const cloudInit = isRecord(spec['cloudInit']) ? spec['cloudInit'] : {};
  const source = typeof spec['source'] === 'string' ? credentialsIn(spec['source']) : [];
  return [
    ...texts(cloudInit['userData']),
    ...texts(cloudInit['commands']),
    ...contents(cloudInit['files']),
    ...source,
  ];
}

function credentialsIn(source: string): string[] {
  if (!URL.canParse(source)) return [];
  const { password, search } = new URL(source);
  return [decodeURIComponent(password), search.slice(1)];
}

function contents(files: unknown): string[] {
  return Array.isArray(files) ? files.flatMap((file) => (isRecord(file) ? texts(file['content']) : [])) : [];
}

function texts(value: unknown): string[] {
  if (typeof value === 'string') return value.split('\n');
  if (typeof value === 'number') return [String(value)];
  if (Array.isArray(value)) return value.flatMap(texts);
  return isRecord(value) ? Object.values(value).flatMap(texts) : [];
}

/** Name and labels as they are; of annotations the keys. */
function redactMetadata(metadata: unknown): unknown {
  if (!isRecord(metadata)) return REDACTED;
  const { annotations, ...rest } = metadata;
  return annotations === undefined ? rest : { ...rest, annotations: hidden(annotations) };
}

function onlyText({
  apiVersion,
  kind,
}: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { apiVersion, kind };
}

function walk(schema: JsonSchema | undefined, value: unknown, path: string): unknown {
  if (USERS_OWN.has(path)) return hidden(value);
  if (Array.isArray(value)) {
    return schema?.items === undefined ? hidden(value) : value.map((item) => walk(schema.items, item, path));
  }
  if (isRecord(value)) return walkFields(schema, value, path);
  if (schema === undefined || schema.properties !== undefined || schema.items !== undefined)
    return hidden(value);
  return typeof value === 'string' && path === 'spec.source' ? redactUrl(value) : value;
}

function walkFields(
  schema: JsonSchema | undefined,
  value: Readonly<Record<string, unknown>>,
  path: string,
): unknown {
  if (OPEN_MAPS.has(path)) return value;
  if (schema?.properties === undefined) return hidden(value);
  const fields = schema.properties;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => {
      const known = Object.hasOwn(fields, key) ? fields[key] : undefined;
      return [key, walk(known, child, path === '' ? key : `${path}.${key}`)];
    }),
  );
}

/** The shape of a value, so that it can be seen what was asked for, and none of its texts. */
function hidden(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hidden);
  if (isRecord(value))
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, hidden(child)]));
  if (typeof value === 'string') return `${REDACTED} ${value.length} characters`;
  return typeof value === 'number' ? REDACTED : value;
}
