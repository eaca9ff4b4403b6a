import { join } from 'node:path';
import { explainError } from '../api/errors.ts';
import { KINDS } from '../api/kinds/list.ts';
import type { DaemonConfig } from '../api/daemon-config.ts';
import { filesNotedAnew, notedAnew } from '../api/manifest/notes.ts';
import { mayName, type Snapshot } from '../api/manifest/snapshot.ts';
import { finalizerOf, isElsewhere, refName, type Kind, type KindMap } from '../api/meta.ts';
import type { Marked } from '../api/ownership/orphan.ts';
import { ownVmhost, type ObjectStore } from '../controllers/objects.ts';
import { surveyMarked } from '../controllers/survey.ts';
import { ensureDir, readIfExists, removeLeftovers, writeAtomic } from '../drivers/files.ts';
import type { KeyPair } from '../drivers/keys.ts';
import type { MachineIdentity } from '../drivers/vmhost/identity.ts';
import type { Notifier } from '../drivers/systemd.ts';
import { jitter } from '../engine/backoff.ts';
import { resyncDelayMs, resyncPeriodMs } from '../engine/resync.ts';
import type { Clock } from '../engine/clock.ts';
import type { Controller } from '../engine/controller.ts';
import { createEvents } from '../engine/events.ts';
import type { Logger } from '../engine/logger.ts';
import { createMemory } from '../engine/memory.ts';
import { createMetrics } from '../engine/metrics.ts';
import { createReleasers, type Releasers } from '../engine/releasers.ts';
import { createStoreSink } from '../engine/status-sink.ts';
import { createStore } from '../engine/store.ts';
import { openConfigured, type Connect } from './api-server/open.ts';
import { rememberedIn } from './api-server/remembered.ts';
import type { Priority } from '../engine/work-queue.ts';
import { createQueues, startControllers } from './controllers.ts';
import { createDirectorySource } from './directory-source.ts';
import { createHealth, type NotReady } from './health.ts';
import { startHeartbeat } from './heartbeat.ts';
import { httpDeps } from './http/deps.ts';
import type { Parts } from './parts.ts';
import { openJournal, type Journal } from './journal.ts';
import { createManifests } from './manifests.ts';
import { logReady } from './ready-log.ts';
import { createRemovals } from './removals.ts';
import { expectAlone } from './http/servers.ts';
import { socketIn, startServers } from './http/start.ts';
import { enqueueAll, startTriggers, type Enqueue } from './triggers.ts';
import { startWatches } from './watches.ts';
import { vmhostName } from './vmhost-name.ts';
import { addVmhostMetrics } from './vmhost-metrics.ts';
import { createDrivers, createReconcilers, loadIdentity, type Drivers, type WiringDeps } from './wiring.ts';

export interface DaemonOptions {
  readonly config: DaemonConfig;
  readonly version: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly notifier: Notifier;
  /** Default: those of this vmhost. */
  readonly drivers?: (deps: WiringDeps) => Drivers;
  /** Default: of the kubeconfig that the configuration names. */
  readonly connect?: Connect;
  /** Default: as this machine's files say. */
  readonly machine?: MachineIdentity;
}

export interface Daemon {
  /** Reads everything again. @returns why the manifests could not be read: those that were read last count */
  reload(): Promise<string | undefined>;
  /** Names of the objects that are not Ready, with why. */
  notReady(): readonly NotReady[];
  /** Whether there are none. */
  allReady(): boolean;
  /** Calls `listener` whenever that may be another. @returns unsubscribe */
  onChange(listener: () => void): () => void;
  stop(): Promise<void>;
}

/** Starts everything in a fixed order; what was started is stopped in reverse. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const releasers = createReleasers();
  try {
    await ensureDir(options.config.runtime);
    // Before anything is asked for in the name of this vmhost, such as its Lease.
    await expectAlone(socketIn(options.config.runtime));
    const identity = await loadIdentity(options.config);
    const journal = await openAges(options);
    return await start(options, await build(options, { identity, journal }, releasers), releasers);
  } catch (error) {
    await releasers.releaseAll();
    throw error;
  }
}

function openAges({ config, clock, log }: DaemonOptions): Promise<Journal> {
  async function write(path: string, text: string): Promise<void> {
    await ensureDir(config.state);
    await writeAtomic(path, text);
  }
  const files = { readIfExists, writeAtomic: write };
  return openJournal({ path: agesIn(config.state), files, clock, log });
}

function agesIn(state: string): string {
  return join(state, 'objects.json');
}

/** What a run left that was killed while it wrote. The next write would take it away, and may be long in coming. */
async function removeHalfWritten({ state }: DaemonConfig): Promise<void> {
  // Where they cannot be removed nothing can be written either, which is told then.
  for (const path of [agesIn(state), rememberedIn(state)]) await removeLeftovers(path).catch(() => undefined);
}

interface FromDisk {
  readonly identity: KeyPair;
  readonly journal: Journal;
}

async function build(
  options: DaemonOptions,
  { identity, journal }: FromDisk,
  releasers: Releasers,
): Promise<Parts> {
  const { config, version, log, clock } = options;
  const metrics = createMetrics({
    version,
    clock,
    onCollectError: (family, error) =>
      log.debug({ family, why: explainError(error) }, 'metrics could not be collected'),
  });
  const store: ObjectStore = createStore<KindMap>({
    clock,
    firstVersion: journal.firstVersion,
    remembered: (kind, name) => journal.birth(kind, name),
    finalizers: (kind) => (KINDS.manifest(kind) === undefined ? [] : [finalizerOf(kind)]),
  });
  const sink = createStoreSink({ store, clock, remembered: (object) => journal.conditions(object) });
  store.subscribe((change) => logReady({ log, remembered: (object) => journal.conditions(object) }, change));
  // Written last of all: passes that end meanwhile are told.
  releasers.add('journal', () => journal.dispose());
  metrics.watchObjects(() => store.all().filter((object) => !isElsewhere(object)));
  const events = createEvents({ clock, firstVersion: journal.firstVersion });
  events.subscribe(({ involvedObject: { kind }, type }) => metrics.eventRecorded({ kind, type }));
  const drivers = (options.drivers ?? createDrivers)({ config, clock, metrics, log, identity });
  releasers.add('libvirt', () => drivers.libvirt.dispose());
  releasers.add('ssh', () => drivers.ssh.dispose());
  addVmhostMetrics(metrics, { store, clock, config, dnsmasq: drivers.dnsmasq });
  const queues = createQueues(clock, metrics);
  const enqueue: Enqueue = (kind, name, delayMs, priority = 'event') => {
    if (delayMs === undefined) queues[kind].add(name, priority);
    else queues[kind].addAfter(name, delayMs, priority);
  };
  const onLoaded = (before: Snapshot, after: Snapshot): void => {
    if (condemnedNames(before) !== condemnedNames(after)) enqueueAll(store, enqueue);
    else
      for (const { kind, name } of notedAnew(before, after)) if (store.get(kind, name)) enqueue(kind, name);
    if (filesNotedAnew(before, after)) enqueueVmhost();
  };
  const enqueueVmhost = (): void => {
    const name = ownVmhost(store)?.metadata.name;
    if (name !== undefined) enqueue('Vmhost', name);
  };
  const survey = (): Promise<Marked[]> => surveyMarked(drivers.view, drivers.disks);
  const limit = config.maxRemovals;
  const removals = createRemovals({ store, clock, log, metrics, limit, survey, enqueue });
  releasers.add('removals', () => removals.dispose());
  const apiServer = await openConfigured({ ...options, store, events, metrics, identity }, releasers);
  const source = apiServer?.source ?? createDirectorySource(drivers.manifestDir, clock);
  const manifests = createManifests({
    source,
    store,
    clock,
    metrics,
    log,
    removals,
    onLoaded,
    onProblem: enqueueVmhost,
  });
  releasers.add('manifests', () => manifests.dispose());
  const isCondemned = (kind: Kind, name: string): boolean =>
    manifests.snapshot().condemned.has(`${kind}/${name}`);
  const memory = createMemory();
  store.subscribe(({ type, object }) => {
    if (type === 'DELETED') memory.forget(object);
  });
  const world = { config, clock, drivers, identity, store, memory };
  const { reconcilers, jobs } = createReconcilers({
    ...world,
    isCondemned,
    onJob: enqueue,
    mayExist: (name) => mayExist({ manifests, removals }, refName({ kind: 'Node', name })),
    facts: apiServer?.facts,
  });
  removals.subscribe(enqueueVmhost);
  for (const each of jobs) releasers.add('jobs', () => each.dispose());
  const controllers: Controller[] = [];
  const health = createHealth({ store, manifests, removals, controllers: () => controllers });
  const data = {
    store,
    journal,
    source,
    sink,
    metrics,
    events,
    drivers,
    queues,
    enqueue,
    manifests,
    removals,
  };
  return { ...data, controllers, health, reconcilers, memory, identity, apiServer };
}

/** Whether there may be an object that is not in the store: its manifest could not be read, or not be taken in. */
function mayExist({ manifests, removals }: Pick<Parts, 'manifests' | 'removals'>, ref: string): boolean {
  return !manifests.loaded() || !removals.surveyed() || mayName(manifests.snapshot(), ref);
}

function condemnedNames(snapshot: Snapshot): string {
  return [...snapshot.condemned.keys()].sort().join(' ');
}

async function start(options: DaemonOptions, parts: Parts, releasers: Releasers): Promise<Daemon> {
  const { config, version, log, clock, notifier } = options;
  const { store, manifests, queues, health } = parts;
  const http = httpDeps(options, parts);
  await startServers(http, options, releasers);
  // Not before: until the sockets are its own, another daemon may have what is written there.
  await removeHalfWritten(config);
  parts.journal.follow(store, (ref) => mayExist(parts, ref));
  // What was there before the daemon is no edit.
  let edited: Priority = 'resync';
  const enqueue: Enqueue = (kind, name, delayMs, priority) =>
    parts.enqueue(kind, name, delayMs, priority === 'edit' ? edited : priority);
  releasers.add('triggers', startTriggers(KINDS, store, enqueue));
  store.apply('Vmhost', { name: vmhostName(config), spec: {}, hash: '' });
  await manifests.load();
  edited = 'edit';
  const resyncMs = (kind: Kind): number =>
    resyncDelayMs(clock.monotonic(), jitter(resyncPeriodMs(config.resyncSeconds, store.list(kind).length)));
  parts.controllers.push(
    ...startControllers({ ...parts, clock, log, recorder: parts.events, resyncMs }, releasers),
  );
  parts.controllers.push(...(parts.apiServer?.start(parts) ?? []));
  startWatches(parts, releasers);
  await startHeartbeat({ notifier, health, clock, log }, releasers);
  log.info({ version, manifests: config.manifests, listen: config.listen }, 'k8slabd is up');
  return {
    async reload() {
      await manifests.load();
      enqueueAll(store, parts.enqueue, 'resync');
      return manifests.problem();
    },
    notReady: () => health.notReady(),
    allReady: () => health.allReady(),
    onChange: (listener) => health.subscribe(listener),
    async stop() {
      // First of all, so that no pass begins while the rest is being stopped.
      for (const queue of Object.values(queues)) await queue.shutDown();
      await releasers.releaseAll();
    },
  };
}
