import type { Context, Hono } from 'hono';
import { jitter } from '../../engine/backoff.ts';
import type { Clock } from '../../engine/clock.ts';
import { formOf } from './accept.ts';
import { pageOf } from './pages.ts';
import { parseListQuery } from './query.ts';
import { createRenderer, type Renderer } from './render.ts';
import { basePath, type Item, type Resource } from './resource.ts';
import { StatusError } from './status.ts';
import type { Turns } from './turns.ts';
import { watchStream } from './watch.ts';

export interface RestDeps {
  readonly clock: Clock;
  readonly turns: Turns;
}

interface Served<T extends Item> extends RestDeps {
  readonly resource: Resource<T>;
  readonly renderer: Renderer<T>;
}

/** List, get and watch of a resource, as Kubernetes has them. */
export function serveResource<T extends Item>(app: Hono, resource: Resource<T>, deps: RestDeps): void {
  const served = { ...deps, resource, renderer: createRenderer(resource) };
  const base = basePath(resource);
  const { plural } = resource;
  app.get(`${base}/${plural}`, (c) => listOrWatch(c, served));
  if (!resource.namespaced) {
    app.get(`${base}/${plural}/:name`, (c) => getOne(c, served, c.req.param('name')));
    return;
  }
  app.get(`${base}/namespaces/:namespace/${plural}`, (c) => listOrWatch(c, served, c.req.param('namespace')));
  app.get(`${base}/namespaces/:namespace/${plural}/:name`, (c) => {
    const { namespace, name } = c.req.param();
    return getOne(c, served, name, namespace);
  });
}

function listOrWatch<T extends Item>(
  c: Context,
  { resource, renderer, clock, turns }: Served<T>,
  namespace?: string,
): Response {
  const form = formOf(c.req.header('accept'), c.req.query('includeObject'));
  const query = parseListQuery((name) => c.req.query(name), resource, namespace);
  if (!query.watch) {
    const { items, metadata } = pageOf(resource, query);
    return sendJson(c, renderer.list(items, form, metadata));
  }
  const stream = watchStream({ resource, renderer, form, query, clock, turns, spread: jitter });
  // Chunked from the start: the headers are sent before there is anything to tell.
  const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
  return c.body(stream, 200, headers);
}

function getOne<T extends Item>(
  c: Context,
  { resource, renderer }: Served<T>,
  name: string,
  namespace?: string,
): Response {
  const form = formOf(c.req.header('accept'), c.req.query('includeObject'));
  const found = resource.get(name);
  if (found !== undefined && (namespace === undefined || found.metadata.namespace === namespace))
    return sendJson(c, renderer.object(found, form));
  const why = resource.missing?.(name) ?? '';
  const { group, plural: kind } = resource;
  throw new StatusError('NotFound', `${kind} "${name}" not found${why}`, { name, group, kind });
}

function sendJson(c: Context, json: string): Response {
  return c.body(json, 200, { 'content-type': 'application/json' });
}
