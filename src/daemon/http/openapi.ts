import { createHash } from 'node:crypto';
import type { Context, Hono } from 'hono';
import { namesOf, type Kinds } from '../../api/kinds/kinds.ts';
import { servedObjectSchema } from '../../api/kinds/served-schema.ts';
import { API_GROUP, API_VERSION } from '../../api/meta.ts';
import { mediaTypes } from './accept.ts';
import { encodeDocument } from './openapi-protobuf.ts';
import { GVK, toOpenApi, type Swagger } from './openapi-schema.ts';
import { StatusError } from './status.ts';

const VERSION = API_VERSION.slice(API_GROUP.length + 1);

/** What older clients ask for is no media type that they could read. */
const V2_PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
const V2_TYPES = new Set([V2_PROTOBUF, 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf']);
const V3_PATH = `/openapi/v3/apis/${API_VERSION}`;
const FOR_EVER = 'public, max-age=31536000, immutable';

/** What `kubectl explain` reads: /openapi/v2 for the older ones, in protobuf, and /openapi/v3. */
export function serveOpenApi(app: Hono, kinds: Kinds, version: string): void {
  const documents = lazily(() => documentsOf(kinds, version));
  app.get('/openapi/v2', (c) => {
    const { json, protobuf } = documents().v2;
    for (const { type } of mediaTypes(c.req.header('accept'))) {
      if (V2_TYPES.has(type)) return c.body(new Uint8Array(protobuf), 200, { 'content-type': V2_PROTOBUF });
      if (type === 'application/json' || type === '*/*' || type === 'application/*') return sendJson(c, json);
    }
    throw new StatusError(
      'NotAcceptable',
      `only the following media types are accepted: application/json, ${V2_PROTOBUF}`,
    );
  });
  app.get('/openapi/v3', (c) => {
    const { hash } = documents().v3;
    return c.json({ paths: { [`apis/${API_VERSION}`]: { serverRelativeURL: `${V3_PATH}?hash=${hash}` } } });
  });
  app.get(V3_PATH, (c) => {
    const { json, hash } = documents().v3;
    if (c.req.query('hash') === hash) c.header('cache-control', FOR_EVER);
    c.header('etag', `"${hash}"`);
    return sendJson(c, json);
  });
}

interface Documents {
  readonly v2: { readonly json: string; readonly protobuf: Buffer };
  readonly v3: { readonly json: string; readonly hash: string };
}

/** Nobody who does not ask pays for it. */
function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

function documentsOf(kinds: Kinds, version: string): Documents {
  const info = { title: 'k8slab', version };
  const schemas = Object.fromEntries(
    kinds.all.map((definition) => {
      const gvk = { group: API_GROUP, version: VERSION, kind: definition.kind };
      const schema = { ...toOpenApi(servedObjectSchema(definition, kinds)), [GVK]: [gvk] };
      return [`io.k8slab.${VERSION}.${definition.kind}`, schema];
    }),
  );
  const swagger: Swagger = { info, definitions: schemas };
  const v3 = JSON.stringify({ openapi: '3.0.0', info, paths: pathsOf(kinds), components: { schemas } });
  return {
    v2: {
      json: JSON.stringify({ swagger: '2.0', paths: {}, ...swagger }),
      protobuf: encodeDocument(swagger),
    },
    v3: { json: v3, hash: createHash('sha256').update(v3).digest('hex').toUpperCase() },
  };
}

/** kubectl finds by the paths which kind a resource is of. */
function pathsOf(kinds: Kinds): unknown {
  return Object.fromEntries(
    kinds.all.flatMap((definition) => {
      const { kind, plural } = namesOf(definition);
      const operation = (action: string): unknown => ({
        get: {
          'x-kubernetes-action': action,
          [GVK]: { group: API_GROUP, version: VERSION, kind },
          responses: { 200: { description: 'OK' } },
        },
      });
      const path = `/apis/${API_VERSION}/${plural}`;
      return [
        [path, operation('list')],
        [`${path}/{name}`, operation('get')],
      ];
    }),
  );
}

function sendJson(c: Context, json: string): Response {
  return c.body(json, 200, { 'content-type': 'application/json' });
}
