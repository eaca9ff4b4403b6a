import { hostname } from 'node:os';
import { condition, isTrue, READY } from '../api/conditions.ts';
import type { DaemonConfig } from '../api/daemon-config.ts';
import type { Snapshot } from '../api/manifest/snapshot.ts';
import { nextSnapshot, emptySnapshot } from '../api/manifest/snapshot.ts';
import { MANIFEST_KINDS, type ConditionInput, type Kind } from '../api/meta.ts';
import type { KindMap } from '../api/objects.ts';
import type { ObjectStore } from '../controllers/objects.ts';
import { createPass, type Reconciler } from '../controllers/pass.ts';
import type { Action } from '../api/plan/action.ts';
import { ensureDir } from '../drivers/files.ts';
import type { Notifier } from '../drivers/systemd.ts';
import { jitter } from '../engine/backoff.ts';
import type { Clock } from '../engine/clock.ts';
import { createController } from '../engine/controller.ts';
import { createEvents } from '../engine/events.ts';
import type { Logger } from '../engine/logger.ts';
import { createMetrics } from '../engine/metrics.ts';
import { createReleasers, type Releasers } from '../engine/releasers.ts';
import { createStore } from '../engine/store.ts';
import { createWorkQueue, type WorkQueue } from '../engine/work-queue.ts';
import { createApi, createProbeApp, type HttpDeps } from './http.ts';
import { createManifests, type Manifests } from './manifests.ts';
import { planAll, type PlannedObject, type Reconcilers } from './planner.ts';
import { serveSocket, serveTcp } from './servers.ts';
import { enqueueDependents, type Enqueue } from './triggers.ts';
import { createDrivers, createReconcilers, loadIdentity, type Drivers } from './wiring.ts';

export interface DaemonOptions {
  readonly config: DaemonConfig;
  readonly version: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly notifier: Notifier;
}

export interface Daemon {
  /** Reads everything again. */
  reload(): Promise<void>;
  /** Names of the objects that are not Ready, with why. */
  notReady(): { readonly name: string; readonly why: string }[];
  /** Calls `listener` after every change of an object. @returns unsubscribe */
  onChange(listener: () => void): () => void;
  stop(): Promise<void>;
}

const WORKERS: Readonly<Record<Kind, number>> = { Host: 1, Network: 1, Image: 1, Node: 4 };
const KINDS: readonly Kind[] = ['Host', ...MANIFEST_KINDS];

/** Starts everything in a fixed order; what was started is stopped in reverse. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const releasers = createReleasers();
  try {
    return await start(options, releasers);
  } catch (error) {
    await releasers.releaseAll();
    throw error;
  }
}

async function start(options: DaemonOptions, releasers: Releasers): Promise<Daemon> {
  const { config, version, log, clock, notifier } = options;
  await ensureDir(config.runtime);
  const identity = await loadIdentity(config);
  const metrics = createMetrics({ version });
  const store: ObjectStore = createStore<KindMap>({ clock });
  metrics.watchObjects(() => store.all());
  const events = createEvents({ clock });
  events.subscribe(({ involvedObject, reason, type }) =>
    metrics.eventRecorded({ kind: involvedObject.kind, reason, type }),
  );
  const drivers = createDrivers({ config, clock, metrics, log, identity });
  releasers.add('drivers', () => disposeDrivers(drivers));

  const queues = createQueues(clock, metrics);
  const enqueue: Enqueue = (kind, name) => queues[kind].add(name);
  const manifests: Manifests = createManifests({
    dir: drivers.manifestDir,
    store,
    metrics,
    log,
    onLoaded: (before, after) => {
      if (condemnedNames(before) !== condemnedNames(after)) enqueueAll(store, enqueue);
    },
  });
  const isCondemned = (kind: Kind, name: string): boolean =>
    manifests.snapshot().condemned.has(`${kind}/${name}`);
  const shared = { config, clock, drivers, identity };
  const { reconcilers, jobs } = createReconcilers({ ...shared, store, isCondemned, onJob: enqueue });
  for (const each of jobs) releasers.add('jobs', () => each.dispose());

  const http: HttpDeps = {
    store,
    events,
    metrics,
    now: () => clock.now(),
    unhealthy: () => [],
    unready: () => (manifests.loaded() ? [] : [manifests.problem() ?? 'the manifests are being read']),
    plan: (files) =>
      files === undefined
        ? planAll({ store, reconcilers, clock, remember: false }, AbortSignal.timeout(PLAN_MS))
        : planCandidates(shared, store, files),
  };
  const socket = await serveSocket(createApi(http), `${config.runtime}/k8slab.sock`);
  releasers.add('socket', () => socket.close());
  const probes = await serveTcp(createProbeApp(http), config.listen);
  releasers.add('probes', () => probes.close());

  store.subscribe((change) => enqueueDependents(store, change, enqueue));
  store.apply('Host', { name: hostname(), spec: {}, hash: '' });
  await manifests.load();
  startControllers({ store, queues, reconcilers, events, metrics, clock, log, config, manifests }, releasers);
  startWatches({ drivers, store, enqueue, manifests, log }, releasers);
  await startNotifying(notifier, store, clock, releasers);
  log.info({ version, manifests: config.manifests, listen: config.listen }, 'k8slabd is up');
  return {
    async reload() {
      await manifests.load();
      enqueueAll(store, enqueue);
    },
    notReady: () => notReady(store, manifests),
    onChange: (listener) => store.subscribe(listener),
    stop: () => releasers.releaseAll(),
  };
}

const PLAN_MS = 60_000;

type Queues = Readonly<Record<Kind, WorkQueue>>;

function createQueues(clock: Clock, metrics: ReturnType<typeof createMetrics>): Queues {
  const queues = KINDS.map((kind) => [kind, createWorkQueue({ name: kind.toLowerCase(), clock, metrics })]);
  return Object.fromEntries(queues) as Queues;
}

async function disposeDrivers(drivers: Drivers): Promise<void> {
  await drivers.ssh.dispose();
  await drivers.libvirt.dispose();
}

function enqueueAll(store: ObjectStore, enqueue: Enqueue): void {
  for (const { kind, metadata } of store.all()) enqueue(kind, metadata.name);
}

function condemnedNames(snapshot: Snapshot): string {
  return [...snapshot.condemned.keys()].sort().join(' ');
}

interface ControllersDeps {
  readonly store: ObjectStore;
  readonly queues: Queues;
  readonly reconcilers: Reconcilers;
  readonly events: ReturnType<typeof createEvents>;
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly config: DaemonConfig;
  readonly manifests: Manifests;
}

function startControllers(deps: ControllersDeps, releasers: Releasers): void {
  const { store, queues, events, clock, log, metrics, config, manifests } = deps;
  const passDeps = {
    store,
    recorder: events,
    clock,
    condemned: (kind: Kind, name: string) => condemnation(manifests.snapshot(), kind, name),
    resyncMs: () => jitter(config.resyncSeconds * 1000),
  };
  for (const kind of KINDS) {
    const reconciler = deps.reconcilers[kind] as unknown as Reconciler<Kind, Action, unknown>;
    const controller = createController({
      name: kind.toLowerCase(),
      queue: queues[kind],
      reconcile: createPass(reconciler, passDeps),
      workers: WORKERS[kind],
      clock,
      log,
      metrics,
    });
    controller.start();
    releasers.add(`controller ${kind}`, () => controller.stop());
  }
}

/** Manifests that contradict each other: both are told, neither is acted on. */
function condemnation(snapshot: Snapshot, kind: Kind, name: string): ConditionInput | undefined {
  const errors = snapshot.condemned.get(`${kind}/${name}`);
  if (errors === undefined) return undefined;
  return condition(READY, 'False', 'Conflict', errors.map(({ message }) => message).join('; '));
}

interface WatchDeps {
  readonly drivers: Drivers;
  readonly store: ObjectStore;
  readonly enqueue: Enqueue;
  readonly manifests: Manifests;
  readonly log: Logger;
}

/** All of these only say "look again". */
function startWatches({ drivers, store, enqueue, manifests, log }: WatchDeps, releasers: Releasers): void {
  const dir = drivers.manifestDir.watch(() => void manifests.load());
  releasers.add('manifest watch', () => dir.dispose());
  const events = drivers.libvirt.events((event) => {
    drivers.domains.invalidate();
    log.debug({ event }, 'libvirt event');
    if (event.kind === 'lost') enqueueAll(store, enqueue);
    else if (store.get('Node', event.name) !== undefined) enqueue('Node', event.name);
  });
  releasers.add('libvirt events', () => events.dispose());
  const dnsmasq = drivers.dnsmasq.watch(() => {
    for (const { metadata } of store.list('Network')) enqueue('Network', metadata.name);
    for (const { metadata, status } of store.list('Node')) {
      if (!isTrue(status.conditions, READY)) enqueue('Node', metadata.name);
    }
  });
  releasers.add('dnsmasq watch', () => dnsmasq.dispose());
}

async function startNotifying(
  notifier: Notifier,
  store: ObjectStore,
  clock: Clock,
  releasers: Releasers,
): Promise<void> {
  await notifier.ready();
  const interval = notifier.watchdogIntervalMs() ?? 30_000;
  let timer = clock.setTimer(0, tick);
  function tick(): void {
    const objects = store.all();
    const ready = objects.filter(({ status }) => isTrue(status.conditions, READY)).length;
    const told = notifier.status(`${ready} of ${objects.length} objects Ready`);
    void Promise.allSettled([notifier.watchdog(), told]);
    timer = clock.setTimer(interval, tick);
  }
  releasers.add('systemd', async () => {
    timer.cancel();
    await notifier.stopping();
  });
}

function notReady(store: ObjectStore, manifests: Manifests): { name: string; why: string }[] {
  const errors = manifests.snapshot().errors.map(({ file, message }) => ({ name: file, why: message }));
  const objects = store.all().flatMap(({ kind, metadata, status }) => {
    const ready = status.conditions.find(({ type }) => type === READY);
    if (ready?.status === 'True') return [];
    return [{ name: `${kind}/${metadata.name}`, why: ready?.message ?? 'not looked at yet' }];
  });
  return [...errors, ...objects];
}

type Shared = Pick<Parameters<typeof createReconcilers>[0], 'config' | 'clock' | 'drivers' | 'identity'>;

/** What would be done if the directory held these files: planned against the same world, by the same code. */
async function planCandidates(
  shared: Shared,
  current: ObjectStore,
  files: readonly { path: string; text: string }[],
): Promise<PlannedObject[]> {
  const snapshot = nextSnapshot(emptySnapshot, { files: [...files] });
  const store: ObjectStore = createStore<KindMap>({ clock: shared.clock });
  for (const host of current.list('Host')) {
    const { object } = store.apply('Host', { name: host.metadata.name, spec: {}, hash: '' });
    store.updateStatus('Host', object.metadata.name, object.metadata.uid, host.status);
  }
  for (const { kind, name, labels, annotations, spec, hash } of snapshot.objects) {
    store.apply(kind, { name, labels, annotations, spec, hash });
  }
  const isCondemned = (kind: Kind, name: string): boolean => snapshot.condemned.has(`${kind}/${name}`);
  const { reconcilers } = createReconcilers({ ...shared, store, isCondemned, onJob: () => undefined });
  const deps = { store, reconcilers, clock: shared.clock, remember: true };
  return planAll(deps, AbortSignal.timeout(PLAN_MS));
}
