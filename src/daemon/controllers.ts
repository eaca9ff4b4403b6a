import { reasonOf } from '../api/errors.ts';
import { condition, READY } from '../api/conditions.ts';
import type { Snapshot } from '../api/manifest/snapshot.ts';
import type { ConditionInput, Kind, KindMap } from '../api/meta.ts';
import type { Action } from '../api/disruption/action.ts';
import type { ObjectStore } from '../controllers/objects.ts';
import { createPass } from '../controllers/pass.ts';
import type { Clock } from '../engine/clock.ts';
import { createController, type Controller } from '../engine/controller.ts';
import type { EventRecorder } from '../engine/events.ts';
import type { Memory } from '../engine/memory.ts';
import type { Logger } from '../engine/logger.ts';
import type { Metrics } from '../engine/metrics.ts';
import type { Releasers } from '../engine/releasers.ts';
import type { StatusSink } from '../engine/status-sink.ts';
import { createWorkQueue, type WorkQueue } from '../engine/work-queue.ts';
import { createFelt } from './felt.ts';
import { VMHOST_TELLS } from './ready-log.ts';
import { unlessElsewhere } from './elsewhere.ts';
import { afterFirstLooks } from './first-look.ts';
import type { Manifests } from './manifests.ts';
import { KINDS } from '../api/kinds/list.ts';
import type { Reconcilers } from './planner.ts';
import type { Removals } from './removals.ts';

export type Queues = Readonly<Record<Kind, WorkQueue>>;

export function createQueues(clock: Clock, metrics: Metrics): Queues {
  const queues = KINDS.all.map(({ kind }) => [
    kind,
    createWorkQueue({ name: kind.toLowerCase(), clock, metrics }),
  ]);
  return Object.fromEntries(queues) as Queues;
}

export interface ControllersDeps {
  readonly store: ObjectStore;
  readonly sink: StatusSink<KindMap>;
  readonly queues: Queues;
  readonly reconcilers: Reconcilers;
  readonly recorder: EventRecorder;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Logger;
  readonly manifests: Manifests;
  readonly removals: Removals;
  readonly memory: Memory;
  readonly resyncMs: (kind: Kind) => number;
}

/**
 * One controller per kind, each with its queue. They stop together: no pass begins once the stop did.
 * @returns the controllers, for what they tell of themselves
 */
export function startControllers(deps: ControllersDeps, releasers: Releasers): readonly Controller[] {
  const { store, queues, reconcilers, clock, log, metrics } = deps;
  const felt = createFelt(deps);
  const passDeps = {
    ...deps,
    condemned: (kind: Kind, name: string) => blocked(deps, kind, name),
    notes: (kind: Kind, name: string) => notesOf(deps, kind, name),
    onDrift: (kind: Kind, name: string) => metrics.driftRepaired({ kind, name }),
  };
  const controllers = KINDS.all.map(({ kind, workers }) => {
    const reconciler = felt.measured<Kind, Action, unknown>(reconcilers[kind]);
    return createController({
      name: kind.toLowerCase(),
      queue: queues[kind],
      reconcile: unlessElsewhere(
        kind,
        store,
        afterFirstLooks(kind, { kinds: KINDS, store }, createPass(reconciler, passDeps)),
      ),
      workers: workers.most,
      reserved: workers.reserved,
      clock,
      log,
      metrics,
      isToldElsewhere: (error) => kind !== 'Vmhost' && VMHOST_TELLS.has(reasonOf(error)),
    });
  });
  for (const controller of controllers) controller.start();
  releasers.add('controllers', async () => {
    await Promise.all(controllers.map((controller) => controller.stop()));
  });
  return controllers;
}

/** Why nothing is done for an object now. */
export function blocked(
  { manifests, removals }: Pick<ControllersDeps, 'manifests' | 'removals'>,
  kind: Kind,
  name: string,
): ConditionInput | undefined {
  return (
    manifests.blocked(kind) ??
    refusal(manifests.snapshot(), kind, name) ??
    condemnation(manifests.snapshot(), kind, name) ??
    removals.blocked(kind, name)
  );
}

/** What its conditions say beside what a pass finds. */
export function notesOf(
  { manifests, removals }: Pick<ControllersDeps, 'manifests' | 'removals'>,
  kind: Kind,
  name: string,
): readonly ConditionInput[] {
  return [...manifests.notes({ kind, name }), ...removals.notes(kind, name)];
}

/** It uses what this vmhost lets no object of an API server use. */
function refusal({ share }: Snapshot, kind: Kind, name: string): ConditionInput | undefined {
  const message = share?.refused.get(`${kind}/${name}`);
  return message === undefined ? undefined : condition(READY, 'False', 'NotAllowed', message);
}

/** Manifests that contradict each other: both are told, neither is acted on. */
export function condemnation(snapshot: Snapshot, kind: Kind, name: string): ConditionInput | undefined {
  const errors = snapshot.condemned.get(`${kind}/${name}`);
  if (errors === undefined) return undefined;
  return condition(READY, 'False', 'Conflict', errors.map(({ message }) => message).join('; '));
}
