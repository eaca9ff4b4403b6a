import { condition, READY, REMOVAL_HELD } from '../api/conditions.ts';
import {
  besideSteps,
  emptySnapshot,
  namedObjects,
  snapshotSteps,
  type ManifestFile,
  type Snapshot,
} from '../api/manifest/snapshot.ts';
import { isElsewhere, refName, type ConditionInput, type Kind } from '../api/meta.ts';
import type { ObjectStore } from '../controllers/objects.ts';
import type { Clock } from '../engine/clock.ts';
import { runInSlices } from '../engine/slices.ts';
import { createStore } from '../engine/store.ts';
import { condemnation } from './controllers.ts';
import { KINDS } from '../api/kinds/list.ts';
import { planAll } from './planner.ts';
import type { PlannedObject } from '../api/disruption/action.ts';
import { explainHold, holdRemovals } from '../api/ownership/hold.ts';
import { createReconcilers, type ReconcilerDeps } from './wiring.ts';
import type { KindMap } from '../api/meta.ts';

export type PlanWorld = Pick<ReconcilerDeps, 'config' | 'clock' | 'drivers' | 'identity' | 'memory'>;

export interface Candidates {
  readonly files: readonly ManifestFile[];
  /** The manifests that stay, but for objects that the files have too; left out: none does. */
  readonly beside?: Snapshot;
}

/** The manifests that there would be. */
export function candidateSnapshot({ files, beside }: Candidates, clock: Clock): Promise<Snapshot> {
  const steps =
    beside === undefined ? snapshotSteps(emptySnapshot, { files }) : besideSteps(beside, { files });
  return runInSlices(steps, clock);
}

/** What would be done if these were the manifests: planned against the same world, by the same code. */
export function planCandidates(
  world: PlanWorld,
  current: ObjectStore,
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<PlannedObject[]> {
  const store: ObjectStore = createStore<KindMap>({ clock: world.clock });
  for (const { metadata, spec, status, origin } of current.list('Vmhost')) {
    const { object } = store.apply('Vmhost', { name: metadata.name, spec, hash: '', origin });
    store.updateStatus('Vmhost', object.metadata.name, object.metadata.uid, status);
  }
  for (const { kind, name, labels, annotations, spec, hash, origin } of snapshot.objects) {
    const { object } = store.apply(kind, { name, labels, annotations, spec, hash, origin });
    // What becomes of it others say.
    const status = isElsewhere(object) ? current.get(kind, name)?.status : undefined;
    if (status !== undefined) store.updateStatus(kind, name, object.metadata.uid, status);
  }
  const held = addRemovals(world, current, store, snapshot);
  const isCondemned = (kind: Kind, name: string): boolean => snapshot.condemned.has(`${kind}/${name}`);
  const { reconcilers } = createReconcilers({
    ...world,
    store,
    isCondemned,
    onJob: () => undefined,
  });
  const condemned = (kind: Kind, name: string): ConditionInput | undefined =>
    condemnation(snapshot, kind, name) ?? held(kind, name);
  return planAll(
    { kinds: KINDS, memory: world.memory, store, reconcilers, clock: world.clock, condemned, remember: true },
    signal,
  );
}

/** What the daemon has and the candidates lack, as it would be removed. @returns why it would not be */
function addRemovals(
  { config }: PlanWorld,
  current: ObjectStore,
  store: ObjectStore,
  snapshot: Snapshot,
): (kind: Kind, name: string) => ConditionInput | undefined {
  if (snapshot.opaque.length > 0) return () => undefined;
  const named = namedObjects(snapshot);
  const ours = current.all().filter((object) => object.kind !== 'Vmhost' && !isElsewhere(object));
  const gone = ours.filter(({ kind, metadata }) => !named.has(refName({ kind, name: metadata.name })));
  for (const { kind, metadata, spec, status, origin } of gone) {
    const { name, labels, annotations } = metadata;
    const { object } = store.apply(kind, { name, labels, annotations, spec, hash: '', origin });
    store.updateStatus(kind, name, object.metadata.uid, status);
    store.terminate(kind, name);
  }
  const limit = config.maxRemovals;
  const { held } = holdRemovals({
    pending: gone.map(({ kind, metadata }) => refName({ kind, name: metadata.name })),
    remaining: ours.length - gone.length,
    admitted: new Set(),
    held: new Map(),
    opaque: [],
    limit,
  });
  return (kind, name) => {
    const reason = held.get(refName({ kind, name }));
    if (reason === undefined) return undefined;
    return condition(
      READY,
      'Unknown',
      REMOVAL_HELD,
      explainHold(reason, { limit, opaque: [] }, { kind, name }),
    );
  };
}
