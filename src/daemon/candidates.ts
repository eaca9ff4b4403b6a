import { emptySnapshot, nextSnapshot, type ManifestFile } from '../api/manifest/snapshot.ts';
import type { ConditionInput, Kind } from '../api/meta.ts';
import type { KindMap } from '../api/objects.ts';
import type { ObjectStore } from '../controllers/objects.ts';
import { createStore } from '../engine/store.ts';
import { condemnation } from './controllers.ts';
import { planAll } from './planner.ts';
import type { PlannedObject } from '../api/plan/action.ts';
import { createReconcilers, type ReconcilerDeps } from './wiring.ts';

export type PlanWorld = Pick<ReconcilerDeps, 'config' | 'clock' | 'drivers' | 'identity'>;

/** What would be done if the directory held these files: planned against the same world, by the same code. */
export function planCandidates(
  world: PlanWorld,
  current: ObjectStore,
  files: readonly ManifestFile[],
  signal: AbortSignal,
): Promise<PlannedObject[]> {
  const snapshot = nextSnapshot(emptySnapshot, { files });
  const store: ObjectStore = createStore<KindMap>({ clock: world.clock });
  for (const host of current.list('Host')) {
    const { object } = store.apply('Host', { name: host.metadata.name, spec: {}, hash: '' });
    store.updateStatus('Host', object.metadata.name, object.metadata.uid, host.status);
  }
  for (const { kind, name, labels, annotations, spec, hash } of snapshot.objects) {
    store.apply(kind, { name, labels, annotations, spec, hash });
  }
  const isCondemned = (kind: Kind, name: string): boolean => snapshot.condemned.has(`${kind}/${name}`);
  const { reconcilers } = createReconcilers({
    ...world,
    store,
    isCondemned,
    onJob: () => undefined,
  });
  const condemned = (kind: Kind, name: string): ConditionInput | undefined =>
    condemnation(snapshot, kind, name);
  return planAll({ store, reconcilers, clock: world.clock, condemned, remember: true }, signal);
}
