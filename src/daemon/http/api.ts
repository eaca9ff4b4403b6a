import { Hono, type Context } from 'hono';
import { z } from 'zod';
import { explainError, ReasonedError, reasonOf } from '../../api/errors.ts';
import { namesOf, type Kinds } from '../../api/kinds/kinds.ts';
import { API_VERSION, type ObjectRef } from '../../api/meta.ts';
import type { ManifestTrouble } from '../../api/manifest/notes.ts';
import type { EventRecorder } from '../../engine/events.ts';
import type { Metrics } from '../../engine/metrics.ts';
import type { ObjectStore } from '../../controllers/objects.ts';
import type { PlannedObject } from '../../api/disruption/action.ts';
import type { HeldRemoval } from '../../api/ownership/hold.ts';
import type { Health } from '../health.ts';
import type { Removals } from '../removals.ts';
import type { PackageUpdates } from '../../controllers/node/package-updates.ts';
import type { Clock } from '../../engine/clock.ts';
import { serveObjects } from './objects.ts';
import { failure, notFound } from './status.ts';
import { servePower, type PowerServed } from './power.ts';
import { serveUpdates } from './updates.ts';
import type { OnServerError } from './servers.ts';

export interface HttpDeps extends Pick<PowerServed, 'power' | 'powerPlace'> {
  readonly kinds: Kinds;
  readonly store: ObjectStore;
  readonly events: EventRecorder;
  readonly metrics: Metrics;
  readonly removals: Pick<Removals, 'held' | 'confirm' | 'waiting'>;
  readonly health: Pick<Health, 'unready' | 'unhealthy'>;
  /** What is wrong with the manifests now. */
  readonly manifestErrors: () => readonly ManifestTrouble[];
  readonly plan: (files?: readonly { path: string; text: string }[]) => Promise<readonly PlannedObject[]>;
  readonly updates: PackageUpdates;
  readonly clock: Clock;
  readonly onError: OnServerError;
}

const candidates = z.object({ files: z.array(z.object({ path: z.string(), text: z.string() })) });

const confirmed = z.object({ items: z.array(z.object({ kind: z.string(), name: z.string() })) });

/** What Prometheus and a supervisor ask: served on loopback. */
export function createProbeApp(deps: HttpDeps): Hono {
  const app = new Hono();
  app.get('/metrics', async (c) =>
    c.text(await deps.metrics.text(), 200, { 'content-type': deps.metrics.contentType }),
  );
  app.get('/healthz', (c) => probe(c, deps.health.unhealthy()));
  app.get('/readyz', (c) => probe(c, [...deps.health.unhealthy(), ...deps.health.unready()]));
  app.onError((error, c) => {
    deps.onError(c.req.path, error);
    return c.text(`${explainError(error)}\n`, 500);
  });
  return app;
}

function probe(c: Context, problems: readonly string[]): Response {
  return problems.length === 0 ? c.text('ok\n') : c.text(`${problems.join('\n')}\n`, 503);
}

/** The Kubernetes-shaped API, for the unix socket. */
export function createApi(deps: HttpDeps): Hono {
  const app = createProbeApp(deps);
  const base = `/apis/${API_VERSION}`;
  app.get(base, (c) => c.json(discovery(deps.kinds)));
  app.get('/api/v1/events', (c) =>
    c.json({ kind: 'EventList', apiVersion: 'v1', items: deps.events.list() }),
  );
  app.get(`${base}/plan`, async (c) =>
    c.json({ items: await deps.plan(), manifests: deps.manifestErrors() }),
  );
  app.post(`${base}/plan`, async (c) => {
    const body = candidates.safeParse(await c.req.json().catch(() => undefined));
    if (!body.success)
      return c.json(failure('BadRequest', 'the body must be {"files": [{"path", "text"}]}', 400), 400);
    return c.json({ items: await deps.plan(body.data.files) });
  });
  app.get(`${base}/removals`, (c) =>
    c.json({ items: deps.removals.held().map((ref) => heldItem(deps, ref)) }),
  );
  app.post(`${base}/removals`, async (c) => {
    const body = confirmed.safeParse(await c.req.json().catch(() => undefined));
    const refs = body.success ? refsOf(deps.kinds, body.data.items) : undefined;
    if (refs === undefined)
      return c.json(failure('BadRequest', 'the body must be {"items": [{"kind", "name"}]}', 400), 400);
    deps.removals.confirm(refs);
    return c.json(body.data);
  });
  serveUpdates(app, deps);
  servePower(app, deps);
  serveObjects(app, deps);
  app.onError((error, c) => {
    const code = reasonOf(error) === 'NotHeld' ? 409 : 500;
    // Whoever asked is told what is wrong with the vmhost; what is wrong with k8slab is for the journal too.
    if (!(error instanceof ReasonedError)) deps.onError(c.req.path, error);
    return c.json(failure(reasonOf(error, 'InternalError'), explainError(error), code), code);
  });
  app.notFound((c) => c.json(notFound(`the server could not find ${c.req.path}`), 404));
  return app;
}

function heldItem({ removals }: HttpDeps, ref: ObjectRef): HeldRemoval {
  return { ...ref, why: removals.waiting(ref.kind, ref.name)?.message ?? '' };
}

/** Undefined for a kind that no manifest has. */
function refsOf(
  kinds: Kinds,
  items: readonly { readonly kind: string; readonly name: string }[],
): ObjectRef[] | undefined {
  const refs = items.flatMap(({ kind, name }): ObjectRef[] => {
    const definition = kinds.manifest(kind);
    return definition === undefined ? [] : [{ kind: definition.kind, name }];
  });
  return refs.length === items.length ? refs : undefined;
}

function discovery(kinds: Kinds): unknown {
  const resources = kinds.all.map((definition) => {
    const { plural, singular, shortNames } = namesOf(definition);
    return {
      name: plural,
      singularName: singular,
      namespaced: false,
      kind: definition.kind,
      verbs: ['get', 'list'],
      shortNames,
    };
  });
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: API_VERSION, resources };
}
