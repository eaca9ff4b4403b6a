import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { KINDS } from '../../api/kinds/list.ts';
import type { DaemonConfig } from '../../api/daemon-config.ts';
import type { Snapshot } from '../../api/manifest/snapshot.ts';
import { isElsewhere, refName, type AnyObject, type Kind, type ObjectRef } from '../../api/meta.ts';
import type { ObjectStore } from '../../controllers/objects.ts';
import { ensureDir, readIfExists, writeAtomic } from '../../drivers/files.ts';
import type { Kube, KubeChange, KubeObject, KubeWatch } from '../../drivers/kube.ts';
import type { MachineIdentity } from '../../drivers/vmhost/identity.ts';
import { settlesWithin, type Clock } from '../../engine/clock.ts';
import { createController, type Controller } from '../../engine/controller.ts';
import type { EventRecorder } from '../../engine/events.ts';
import type { Logger } from '../../engine/logger.ts';
import type { Metrics } from '../../engine/metrics.ts';
import type { Releasers } from '../../engine/releasers.ts';
import type { Source } from '../../engine/source.ts';
import { createWorkQueue, type WorkQueue } from '../../engine/work-queue.ts';
import type { VmhostSpecs } from '../http/vmhosts.ts';
import type { Manifests } from '../manifests.ts';
import type { Removals } from '../removals.ts';
import type { Facts } from './facts.ts';
import { startElected } from './elected.ts';
import { createForwarder } from './forwarder.ts';
import { createHoldings } from './holdings.ts';
import { createKnown } from './known.ts';
import { createMirror } from './mirror.ts';
import { createPublisher } from './publisher.ts';
import { startRegistration, type Registration } from './registration.ts';
import { openRemembered } from './remembered.ts';
import { createApiServerSource } from './source.ts';

export interface ApiServerDeps {
  readonly kube: Kube;
  readonly vmhost: string;
  readonly machine: MachineIdentity;
  readonly config: Pick<DaemonConfig, 'source' | 'state'>;
  readonly store: ObjectStore;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly facts: Facts;
}

/** An API server that has the objects of several vmhosts, as this vmhost takes part in it. */
export interface ApiServer {
  readonly source: Source<Snapshot>;
  readonly facts: Facts;
  /** What people ask of Vmhosts. */
  readonly vmhosts: VmhostSpecs;
  /** Begins to write there what becomes of this vmhost's share. */
  start(parts: { readonly manifests: Manifests; readonly removals: Removals }): readonly Controller[];
}

/** Long enough for a list of many objects; a server that is away is gone on without. */
const FIRST_LIST_MS = 10_000;
/** Conditions that change together are written together. */
const PUBLISH_MS = 250;

export async function openApiServer(deps: ApiServerDeps, releasers: Releasers): Promise<ApiServer> {
  const { kube, vmhost, machine, config, clock, log } = deps;
  const hints = new Set<() => void>();
  const hint = (): void => hints.forEach((each) => each());
  const changes = new Set<(change: KubeChange) => void>();
  const watch = kube.watch((change) => changes.forEach((each) => each(change)));
  releasers.add('API server', () => kube.dispose());
  const me = { ...machine, runID: randomUUID() };
  const remembered = await openRemembered({
    path: join(config.state, 'api-server.json'),
    identity: `${machine.machineID}/${vmhost}`,
    files: { readIfExists, writeAtomic: writeIn(config.state) },
    clock,
    log,
  });
  releasers.add('what the API server has', () => remembered.dispose());
  const { labels } = config.source;
  const registration = startRegistration({ kube, vmhost, labels, me, clock, log, onChange: hint });
  releasers.add('Lease', () => registration.stop());
  changes.add((change) => {
    if (change.type === 'Problem' || matters(change)) hint();
    if (watch.synced() && watch.problem() === undefined) remembered.note((kind) => watch.objects(kind));
  });
  const refusal = (): ReturnType<Registration['refusal']> => registration.refusal();
  const source = createApiServerSource({
    ...{ vmhost, kinds: KINDS, clock, allow: config.source.allow },
    objects: createKnown({ watch, remembered: remembered.objects, refusal }),
    subscribe(onHint) {
      hints.add(onHint);
      return () => void hints.delete(onHint);
    },
  });
  await settlesWithin(clock, watch.whenSynced(), FIRST_LIST_MS);
  return {
    source,
    facts: deps.facts,
    vmhosts: {
      async set(name, spec) {
        await kube.patch({ kind: 'Vmhost', name }, { spec });
      },
    },
    start: ({ manifests, removals }) =>
      startWriting(
        {
          ...deps,
          watch,
          changes,
          hint,
          registration,
          identity: `${vmhost}/${me.runID}`,
          manifests,
          removals,
        },
        releasers,
      ),
  };
}

function writeIn(dir: string): (path: string, text: string) => Promise<unknown> {
  return async (path, text) => {
    await ensureDir(dir);
    return writeAtomic(path, text, { mode: 0o600 });
  };
}

/** Whether a change is of anything that the source goes by; what vmhosts say of their guests is not. */
function matters(change: KubeChange): boolean {
  return change.type !== 'Problem';
}

interface Writing extends ApiServerDeps {
  readonly watch: KubeWatch;
  readonly changes: Set<(change: KubeChange) => void>;
  readonly hint: () => void;
  readonly registration: Registration;
  /** Of this run. */
  readonly identity: string;
  readonly manifests: Manifests;
  readonly removals: Removals;
}

function startWriting(deps: Writing, releasers: Releasers): readonly Controller[] {
  const { store, vmhost, kube, watch, events, clock, log, metrics, manifests, removals } = deps;
  const mayWrite = (): boolean =>
    watch.synced() && watch.problem() === undefined && deps.registration.refusal() === undefined;
  const served = ({ kind, name }: ObjectRef): KubeObject | undefined =>
    mayWrite() ? watch.objects(kind).get(name) : undefined;
  const queues = {
    status: createWorkQueue({ name: 'api-server-status', clock, metrics }),
    finalizers: createWorkQueue({ name: 'api-server-finalizers', clock, metrics }),
  };
  const mirror = createMirror({ store, vmhost, served });
  const add = (ref: ObjectRef): void => {
    mirror.sync(ref);
    queues.status.addAfter(refName(ref), PUBLISH_MS);
    if (ref.kind !== 'Vmhost') queues.finalizers.add(refName(ref));
  };
  const addAll = (): void => eachKnown(watch, add);
  const onChange = (change: KubeChange): void => {
    if (change.type === 'Listed')
      for (const name of watch.objects(change.kind).keys()) add({ kind: change.kind, name });
    else if (change.type !== 'Problem') add({ kind: change.kind, name: change.object.metadata.name });
  };
  deps.changes.add(onChange);
  const unsubscribe = [
    () => deps.changes.delete(onChange),
    store.subscribe(({ type, object }) => {
      const ref = { kind: object.kind, name: object.metadata.name };
      if (object.kind !== 'Vmhost' || object.metadata.name === vmhost)
        queues.status.addAfter(refName(ref), PUBLISH_MS);
      if (type === 'MODIFIED' || object.kind === 'Vmhost') return;
      queues.finalizers.add(refName(ref));
      // It may be of others now.
      if (type === 'DELETED' && !isElsewhere(object)) deps.hint();
    }),
    manifests.subscribe(addAll),
    removals.subscribe(addAll),
    events.subscribe(createForwarder({ kube, clock, log, isHere: (ref) => isHere(store, ref) })),
    () => mirror.dispose(),
  ];
  releasers.add('API server watches', () => {
    for (const each of unsubscribe) each();
  });
  const elected = startElected({
    ...{ kube, watch, clock, log, random: Math.random },
    record: (...said) => events.record(...said),
    identity: deps.identity,
  });
  releasers.add('election', () => elected.stop());
  deps.changes.add((change) => elected.tell(change));
  const surveyed = (): boolean => removals.surveyed() && manifests.isComplete();
  const share = { share: () => manifests.snapshot().share, surveyed };
  const controllers = [
    writer(deps, queues.status, createPublisher({ store, vmhost, kube, served })),
    writer(deps, queues.finalizers, createHoldings({ store, vmhost, kube, served, ...share })),
  ];
  for (const each of controllers) each.start();
  releasers.add('API server writers', async () => {
    await Promise.all(controllers.map((each) => each.stop()));
  });
  addAll();
  return controllers;
}

/** Calls at the same time, of each writer. */
const WORKERS = 4;

function writer(
  { clock, log, metrics }: Writing,
  queue: WorkQueue,
  reconcile: Parameters<typeof createController>[0]['reconcile'],
): Controller {
  return createController({ name: queue.name, queue, reconcile, workers: WORKERS, clock, log, metrics });
}

function eachKnown(watch: KubeWatch, add: (ref: ObjectRef) => void): void {
  for (const { kind } of KINDS.all) for (const name of watch.objects(kind).keys()) add({ kind, name });
}

function isHere(store: ObjectStore, { kind, name }: { readonly kind: Kind; readonly name: string }): boolean {
  const object = store.get(kind, name) as AnyObject | undefined;
  return object !== undefined && !isElsewhere(object);
}
