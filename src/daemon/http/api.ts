import { Hono, type Context } from 'hono';
import { z } from 'zod';
import { explainError, ReasonedError, reasonOf } from '../../api/errors.ts';
import type { Kinds } from '../../api/kinds/kinds.ts';
import { API_VERSION, type ObjectRef } from '../../api/meta.ts';
import { errnoOf } from '../../drivers/io-errors.ts';
import type { ManifestTrouble } from '../../api/manifest/notes.ts';
import type { EventRecorder } from '../../engine/events.ts';
import type { Metrics } from '../../engine/metrics.ts';
import type { ObjectStore } from '../../controllers/objects.ts';
import type { PlannedObject } from '../../api/disruption/action.ts';
import type { HeldRemoval } from '../../api/ownership/hold.ts';
import type { Health } from '../health.ts';
import type { Exported } from '../../api/placement/export.ts';
import type { Plans } from '../plans.ts';
import type { Removals } from '../removals.ts';
import type { PackageUpdates } from '../../controllers/node/package-updates.ts';
import type { Clock } from '../../engine/clock.ts';
import { version } from '../../api/version.ts';
import { type Access, bounded, loopbackOnly, NOT_EDITED, refuseWrites, requireToken } from './access.ts';
import { serveDiscovery } from './discovery.ts';
import { eventResources } from './events.ts';
import { objectResources } from './objects.ts';
import { serveOpenApi } from './openapi.ts';
import { servePower, type PowerServed } from './power.ts';
import { serveResource } from './rest.ts';
import { serveReviews } from './reviews.ts';
import { answerStatus, notFound, StatusError } from './status.ts';
import { createTurns } from './turns.ts';
import { serveUpdates } from './updates.ts';
import { serveVmhosts, type VmhostSpecs } from './vmhosts.ts';
import type { OnServerError } from './servers.ts';

/** What kubectl needs to reach the API on HTTPS. */
export interface Kubeconfig {
  readonly server: string;
  /** PEM */
  readonly ca: string;
  readonly token: string;
  /** Of the vmhost. */
  readonly name: string;
}

export type KubeconfigSource = () => Kubeconfig | undefined;

export interface HttpDeps extends Plans, Pick<PowerServed, 'power' | 'powerPlace'> {
  readonly kinds: Kinds;
  readonly store: ObjectStore;
  readonly events: EventRecorder;
  readonly metrics: Metrics;
  readonly removals: Pick<Removals, 'held' | 'confirm' | 'waiting'>;
  readonly health: Pick<Health, 'unready' | 'unhealthy'>;
  /** What is wrong with the manifests now. */
  readonly manifestErrors: () => readonly ManifestTrouble[];
  /** What this vmhost has, as manifests. @throws ReasonedError where nobody knows it yet */
  readonly exported: () => Exported;
  readonly updates: PackageUpdates;
  readonly clock: Clock;
  readonly onError: OnServerError;
  /** Undefined: there is no API on HTTPS. */
  readonly kubeconfig: KubeconfigSource;
  /** Left out: this vmhost shares its lab with no other. */
  readonly vmhosts?: VmhostSpecs;
}

const BASE = `/apis/${API_VERSION}`;

const candidates = z.object({
  files: z.array(z.object({ path: z.string(), text: z.string() })),
  only: z.boolean().optional(),
});

const confirmed = z.object({ items: z.array(z.object({ kind: z.string(), name: z.string() })) });

/** What Prometheus and a supervisor ask: served on loopback. */
export function createProbeApp(deps: HttpDeps): Hono {
  const app = new Hono();
  app.use(loopbackOnly);
  serveProbes(app, deps);
  app.onError((error, c) => {
    deps.onError(c.req.path, error);
    return c.text(`${explainError(error)}\n`, 500);
  });
  return app;
}

function serveProbes(app: Hono, deps: HttpDeps): void {
  app.get('/metrics', async (c) =>
    c.text(await deps.metrics.text(), 200, { 'content-type': deps.metrics.contentType }),
  );
  app.get('/healthz', (c) => probe(c, deps.health.unhealthy()));
  app.get('/livez', (c) => probe(c, deps.health.unhealthy()));
  app.get('/readyz', (c) => probe(c, [...deps.health.unhealthy(), ...deps.health.unready()]));
}

function probe(c: Context, problems: readonly string[]): Response {
  return problems.length === 0 ? c.text('ok\n') : c.text(`${problems.join('\n')}\n`, 503);
}

/** The Kubernetes-shaped API. @param token what a client has to name, where anybody can reach it */
export function createApi(deps: HttpDeps, access: Access = 'admin', token?: string): Hono {
  const app = new Hono();
  if (token !== undefined) requireToken(app, token);
  app.use(bounded);
  serveProbes(app, deps);
  const objects = objectResources(deps);
  const events = eventResources(deps);
  const resources = [...objects, ...events];
  refuseWrites(app, { resources, access });
  serveDiscovery(app, resources, version);
  serveReviews(app, resources, NOT_EDITED);
  serveOpenApi(app, deps.kinds, version);
  servePlan(app, deps);
  app.get(`${BASE}/export`, (c) => c.json(deps.exported()));
  serveRemovals(app, deps);
  serveUpdates(app, deps);
  servePower(app, deps);
  serveVmhosts(app, () => deps.vmhosts);
  serveKubeconfig(app, deps);
  const rest = { clock: deps.clock, turns: createTurns() };
  for (const each of objects) serveResource(app, each, rest);
  for (const each of events) serveResource(app, each, rest);
  app.onError((thrown, c) => {
    const error = isBadHost(thrown) ? new StatusError('BadRequest', 'the Host header names no host') : thrown;
    const reason = reasonOf(error, 'InternalError');
    // Whoever asked is told what is wrong with the vmhost; what is wrong with k8slab is for the journal too.
    if (!(error instanceof ReasonedError) && !hungUp(error)) deps.onError(c.req.path, error);
    return answerStatus(
      c,
      reason,
      explainError(error),
      error instanceof StatusError ? error.details : undefined,
    );
  });
  app.notFound((c) => c.json(notFound(`the server could not find ${c.req.path}`), 404));
  return app;
}

/** In the middle of its request: that is no fault of k8slab's, and anybody can do it. */
function hungUp(error: Error): boolean {
  return errnoOf(error) === 'ECONNRESET';
}

/** The request has no URL then. */
function isBadHost(error: Error): boolean {
  return [error, error.cause].some((each) => errnoOf(each) === 'ERR_INVALID_URL');
}

/** So many at a time; each reads manifests and looks at the vmhost. */
const MAX_PLANS = 4;

function servePlan(app: Hono, deps: HttpDeps): void {
  let running = 0;
  async function plan(...asked: Parameters<HttpDeps['plan']>): Promise<readonly PlannedObject[]> {
    if (running >= MAX_PLANS)
      throw new StatusError('TooManyRequests', `${MAX_PLANS} plans are being made already: try again`, {
        retryAfterSeconds: 1,
      });
    running += 1;
    try {
      return await deps.plan(...asked);
    } finally {
      running -= 1;
    }
  }
  app.get(`${BASE}/plan`, async (c) => c.json({ items: await plan(), manifests: deps.manifestErrors() }));
  app.post(`${BASE}/plan`, async (c) => {
    const body = candidates.safeParse(await c.req.json().catch(() => undefined));
    if (!body.success) throw new StatusError('BadRequest', 'the body must be {"files": [{"path", "text"}]}');
    return c.json({ items: await plan(body.data.files, body.data.only) });
  });
}

function serveRemovals(app: Hono, deps: HttpDeps): void {
  app.get(`${BASE}/removals`, (c) =>
    c.json({ items: deps.removals.held().map((ref) => heldItem(deps, ref)) }),
  );
  app.post(`${BASE}/removals`, async (c) => {
    const body = confirmed.safeParse(await c.req.json().catch(() => undefined));
    const refs = body.success ? refsOf(deps.kinds, body.data.items) : undefined;
    if (refs === undefined)
      throw new StatusError('BadRequest', 'the body must be {"items": [{"kind", "name"}]}');
    deps.removals.confirm(refs);
    return c.json(body.data);
  });
}

/** By POST, since it hands out what a client is let in by: only root may ask. */
function serveKubeconfig(app: Hono, deps: HttpDeps): void {
  app.post(`${BASE}/kubeconfig`, (c) => {
    const found = deps.kubeconfig();
    if (found !== undefined) return c.json(found);
    throw new StatusError(
      'NotFound',
      'the API is not served on HTTPS: see api.listen of the configuration, and journalctl -u k8slabd',
    );
  });
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
