import type { Context, Hono } from 'hono';
import type { KindDefinition } from '../../api/kinds/define.ts';
import { namesOf, type Kinds } from '../../api/kinds/kinds.ts';
import { partialList } from '../../api/kinds/partial.ts';
import { renderTable } from '../../api/kinds/table.ts';
import type { ManifestTrouble } from '../../api/manifest/notes.ts';
import { API_VERSION, type ApiObject, type Kind } from '../../api/meta.ts';
import { served } from '../../api/ownership/served.ts';
import type { ObjectStore } from '../../controllers/objects.ts';
import type { Clock } from '../../engine/clock.ts';
import { notFound } from './status.ts';

export interface ObjectsDeps {
  readonly kinds: Kinds;
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** What is wrong with the manifests now. */
  readonly manifestErrors: () => readonly ManifestTrouble[];
}

/** `GET …/nodes` and `GET …/nodes/master00`, as JSON or as the table that kubectl asks for. */
export function serveObjects(app: Hono, { kinds, store, clock, manifestErrors }: ObjectsDeps): void {
  const base = `/apis/${API_VERSION}`;
  const json = createJsonOf();
  /** Why an object that a manifest names is not there. */
  const trouble = (kind: Kind | undefined, name: string): string => {
    const found = manifestErrors().find(({ object }) => object?.kind === kind && object?.name === name);
    return found === undefined ? '' : `: its manifest is not valid: ${found.why}`;
  };
  app.get(`${base}/:plural`, (c) => {
    const definition = definitionOf(kinds, c.req.param('plural'));
    if (definition === undefined) return c.json(notFound(`no resource "${c.req.param('plural')}"`), 404);
    const items = store.list(definition.kind);
    const metadata = { resourceVersion: store.version() };
    if (wants(c, 'Table')) return c.json({ ...renderTable(definition, items, clock.now()), metadata });
    if (wants(c, 'PartialObjectMetadataList')) return c.json({ ...partialList(items), metadata });
    const head = JSON.stringify({ kind: `${definition.kind}List`, apiVersion: API_VERSION, metadata });
    return send(c, `${head.slice(0, -1)},"items":[${items.map(json).join(',')}]}`);
  });
  app.get(`${base}/:plural/:name`, (c) => {
    const { plural, name } = c.req.param();
    const definition = definitionOf(kinds, plural);
    const object = definition && store.get(definition.kind, name);
    if (definition === undefined || object === undefined)
      return c.json(notFound(`${plural} "${name}" not found${trouble(definition?.kind, name)}`), 404);
    if (wants(c, 'Table')) return c.json(renderTable(definition, [object], clock.now()));
    return send(c, json(object));
  });
}

/** Objects are frozen, and few of a thousand change between two lists: each is written as JSON once. */
function createJsonOf(): (object: ApiObject) => string {
  const texts = new WeakMap<ApiObject, string>();
  return (object) => {
    const text = texts.get(object) ?? JSON.stringify(served(object));
    texts.set(object, text);
    return text;
  };
}

function send(c: Context, json: string): Response {
  return c.body(json, 200, { 'content-type': 'application/json' });
}

function definitionOf(kinds: Kinds, plural: string): KindDefinition | undefined {
  const definition = kinds.resolve(plural);
  return definition !== undefined && namesOf(definition).plural === plural ? definition : undefined;
}

function wants(c: Context, form: 'Table' | 'PartialObjectMetadataList'): boolean {
  return c.req.header('accept')?.split(/[;,]/).includes(`as=${form}`) === true;
}
