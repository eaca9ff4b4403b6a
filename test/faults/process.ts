import {
  emptySnapshot,
  mayName,
  namedObjects,
  nextSnapshot,
  type ManifestListing,
  type Snapshot,
} from '../../src/api/manifest/snapshot.ts';
import type { PlannedObject } from '../../src/api/disruption/action.ts';
import type { ReasonedError } from '../../src/api/errors.ts';
import type { Kind } from '../../src/api/meta.ts';
import { surveyMarked } from '../../src/controllers/survey.ts';
import { createRemovals, type Removals } from '../../src/daemon/removals.ts';
import { createBed, type Bed } from '../controllers/bed.ts';
import type { World } from '../controllers/fakes.ts';
import { settle } from '../engine/fake-clock.ts';
import { createRecordingLogger } from '../engine/recording-logger.ts';
import { passWhileTimeGoes, whileTimeGoes } from '../worlds/passes.ts';
import { createInjector, type Fault, type Injector } from './injector.ts';
import type { Logger } from '../../src/engine/logger.ts';

/** A call that hangs is given up within this time. */
const TICKS = { tickMs: 200, count: 400 };

/** One run of the daemon. */
export interface Process {
  readonly bed: Bed;
  readonly injector: Injector;
  snapshot(): Snapshot;
  /** It reads the manifests. */
  load(listing: ManifestListing): void;
  /** What `k8slab plan` would print of an object. */
  plan(kind: Kind, name: string): Promise<PlannedObject>;
  pass(kind: Kind, name: string, log?: Logger): Promise<ReasonedError | undefined>;
  /** A person lets removals go on. */
  confirm(): void;
  stop(): void;
}

/** @param faults what happens to calls by their number; read when the call is made */
export function startProcess(world: World, faults: ReadonlyMap<number, Fault>): Process {
  const injector = createInjector({ faults, clock: () => bed.clock, changes: () => world.calls.length });
  const bed: Bed = createBed({
    world,
    wrap: (driver, port) => injector.wrap(driver, port),
    blocked: (kind, name) => removals.blocked(kind, name),
    mayExist: (name) => !removals.surveyed() || mayName(snapshot, `Node/${name}`),
  });
  const removals = removalsOf(bed);
  let snapshot = emptySnapshot;
  return {
    bed,
    injector,
    snapshot: () => snapshot,
    load(listing) {
      const before = namedObjects(snapshot);
      snapshot = nextSnapshot(snapshot, listing);
      bed.condemned.clear();
      for (const ref of snapshot.condemned.keys()) bed.condemned.add(ref);
      for (const { kind, ...object } of snapshot.objects) bed.store.apply(kind, object);
      removals.settle({ refs: namedObjects(snapshot), opaque: snapshot.opaque }, before);
    },
    plan: (kind, name) => whileTimeGoes(bed.clock, bed.plan(kind, name), TICKS),
    async pass(kind, name, log) {
      const ticks = { ...TICKS, ...(log === undefined ? {} : { log }) };
      const error = await passWhileTimeGoes(bed, [kind, name], ticks);
      await settle();
      return error;
    },
    confirm: () => removals.confirm(removals.held()),
    stop: () => removals.dispose(),
  };
}

function removalsOf(bed: Bed): Removals {
  return createRemovals({
    store: bed.store,
    clock: bed.clock,
    log: createRecordingLogger(),
    metrics: { setRemovalsHeld: () => undefined },
    limit: 1_000_000,
    survey: () => surveyMarked(bed.cache.view, bed.disks),
    enqueue: () => undefined,
  });
}
