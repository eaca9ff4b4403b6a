import { KINDS } from '../../api/kinds/list.ts';
import type { SnapshotShare } from '../../api/manifest/snapshot.ts';
import { isElsewhere, refName, type ObjectRef } from '../../api/meta.ts';
import type { ObjectStore } from '../../controllers/objects.ts';
import type { Kube, KubeChange, KubeObject, KubeWatch } from '../../drivers/kube.ts';
import { timestamp, type Clock } from '../../engine/clock.ts';
import { createController, type Controller, type Reconcile } from '../../engine/controller.ts';
import type { EventRecorder } from '../../engine/events.ts';
import type { Logger } from '../../engine/logger.ts';
import type { Metrics } from '../../engine/metrics.ts';
import type { Releasers } from '../../engine/releasers.ts';
import { createWorkQueue, type WorkQueue } from '../../engine/work-queue.ts';
import type { Manifests } from '../manifests.ts';
import type { Removals } from '../removals.ts';
import { startElected } from './elected.ts';
import { createForwarder } from './forwarder.ts';
import type { Hints } from './hints.ts';
import { createHoldings } from './holdings.ts';
import type { KnownObjects } from './known.ts';
import { addElectedMetrics } from './metrics.ts';
import { createMirror } from './mirror.ts';
import { createOnceMore } from './once-more.ts';
import { createPublisher } from './publisher.ts';
import type { Registration } from './registration.ts';
import { ownNodes } from './relevance.ts';

/** Conditions that change together are written together (ms). */
export const PUBLISH_MS = 250;
/** Of the Vmhost, whose files follow every Node of every vmhost: what it says of them for a moment is no news to all others. */
const PUBLISH_VMHOST_MS = 2000;

export interface WritingDeps {
  readonly kube: Kube;
  readonly vmhost: string;
  readonly store: ObjectStore;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly watch: KubeWatch;
  readonly changes: Set<(change: KubeChange) => void>;
  readonly hints: Hints;
  /** Undefined: nobody knows. */
  readonly known: () => KnownObjects | undefined;
  readonly registration: Registration;
  /** Of this run. */
  readonly identity: string;
  readonly manifests: Manifests;
  readonly removals: Removals;
}

/**
 * Writes to the API server what becomes of this vmhost's share, and tells the store what others say of theirs.
 * @returns what writes, for what it tells of itself
 */
export function startWriting(deps: WritingDeps, releasers: Releasers): readonly Controller[] {
  const { store, vmhost, kube, watch, events, clock, log, metrics, manifests, removals, known } = deps;
  const mayWrite = (): boolean =>
    watch.synced() && watch.problem() === undefined && deps.registration.refusal() === undefined;
  const served = ({ kind, name }: ObjectRef): KubeObject | undefined =>
    mayWrite() ? watch.objects(kind).get(name) : undefined;
  const queues = {
    status: createWorkQueue({ name: 'api-server-status', clock, metrics }),
    finalizers: createWorkQueue({ name: 'api-server-finalizers', clock, metrics }),
  };
  const mirror = createMirror({ store, vmhost, known, clock });
  const publish = (ref: ObjectRef): void =>
    queues.status.addAfter(refName(ref), ref.kind === 'Vmhost' ? PUBLISH_VMHOST_MS : PUBLISH_MS);
  const isOwn = ownNodes(vmhost);
  const isOfOthers = ({ kind, name }: ObjectRef): boolean => {
    if (kind !== 'Node' || isOwn(watch.objects(kind).get(name))) return false;
    const local = store.get(kind, name);
    return local === undefined || isElsewhere(local);
  };
  const add = (ref: ObjectRef): void => {
    mirror.sync(ref);
    if (isOfOthers(ref)) return;
    publish(ref);
    if (ref.kind !== 'Vmhost') queues.finalizers.add(refName(ref));
  };
  const addAll = (): void => {
    for (const ref of allOf(known(), store)) add(ref);
  };
  const onChange = (change: KubeChange): void => {
    if (change.type === 'Problem') return;
    const { kind } = change;
    if (change.type === 'Listed') {
      for (const name of watch.objects(kind).keys()) add({ kind, name });
      return;
    }
    const ref = { kind, name: change.object.metadata.name };
    if (isOfOthers(ref)) mirror.syncLater(ref);
    else add(ref);
  };
  deps.changes.add(onChange);
  const unsubscribe = [
    () => deps.changes.delete(onChange),
    store.subscribe(({ type, object }) => {
      const ref = { kind: object.kind, name: object.metadata.name };
      if (object.kind !== 'Vmhost' || object.metadata.name === vmhost) publish(ref);
      if (type === 'MODIFIED' || object.kind === 'Vmhost') return;
      queues.finalizers.add(refName(ref));
      // It may be of others now.
      if (type === 'DELETED' && !isElsewhere(object)) deps.hints.tell('own');
    }),
    // What could not be written, or was not to be, is left: it is once it may be.
    deps.hints.subscribe(createOnceMore(mayWrite, addAll)),
    manifests.subscribe(createShareWatch(manifests, (ref) => queues.finalizers.add(ref))),
    removals.subscribe(addAll),
    events.subscribe(createForwarder({ kube, clock, log, vmhost })),
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
  addElectedMetrics(metrics, () => elected.state());
  releasers.add('election', () => elected.stop());
  deps.changes.add((change) => elected.tell(change));
  const surveyed = (): boolean => removals.surveyed() && manifests.isComplete();
  const share = { share: () => manifests.snapshot().share, surveyed };
  const controllers = [
    writer(deps, queues.status, createPublisher({ store, vmhost, kube, served })),
    writer(
      deps,
      queues.finalizers,
      createHoldings({ store, vmhost, kube, served, ...share, now: () => timestamp(clock.now()) }),
    ),
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
  { clock, log, metrics }: Pick<WritingDeps, 'clock' | 'log' | 'metrics'>,
  queue: WorkQueue,
  reconcile: Reconcile,
): Controller {
  return createController({ name: queue.name, queue, reconcile, workers: WORKERS, clock, log, metrics });
}

/** The Vmhosts that are in the store may be gone from the server. */
function allOf(known: KnownObjects | undefined, store: ObjectStore): readonly ObjectRef[] {
  if (known === undefined) return [];
  const vmhosts = store.list('Vmhost').map(({ metadata }) => metadata.name);
  return KINDS.all.flatMap(({ kind }) => {
    const names = new Set([...known(kind).keys(), ...(kind === 'Vmhost' ? vmhosts : [])]);
    return [...names].map((name) => ({ kind, name }));
  });
}

/** @param add what this vmhost is to have, or to let go, by another share than before */
function createShareWatch(manifests: Pick<Manifests, 'snapshot'>, add: (ref: string) => void): () => void {
  let before: SnapshotShare | undefined;
  return () => {
    const { share } = manifests.snapshot();
    if (share === before) return;
    for (const part of ['here', 'released'] as const) {
      const [had, has] = [before?.[part] ?? new Set<string>(), share?.[part] ?? new Set<string>()];
      for (const ref of [...had].filter((each) => !has.has(each))) add(ref);
      for (const ref of [...has].filter((each) => !had.has(each))) add(ref);
    }
    before = share;
  };
}
