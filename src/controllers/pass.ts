import { condition, READY, SYNCED } from '../api/conditions.ts';
import { explainError, reasonOf, ReasonedError } from '../api/errors.ts';
import type { Action } from '../api/disruption/action.ts';
import type { Waiting } from '../api/disruption/waiting.ts';
import { isOrphan, type ConditionInput, type Kind, type KindMap } from '../api/meta.ts';
import type { Clock } from '../engine/clock.ts';
import { RECONCILE_TIMEOUT, type PassContext, type Result } from '../engine/controller.ts';
import type { EventRecorder } from '../engine/events.ts';
import type { Memory } from '../engine/memory.ts';
import type { StatusSink } from '../engine/status-sink.ts';
import { lookOnly } from './look-only.ts';
import type { ObjectOf, ObjectStore } from './objects.ts';
import type { Look, LookContext, PassEvent, Reconciler } from './reconciler.ts';

export interface PassDeps {
  readonly store: ObjectStore;
  readonly sink: StatusSink<KindMap>;
  readonly recorder: EventRecorder;
  readonly memory: Memory;
  /** Why an object is left alone: errors between manifests that name it. */
  readonly condemned: (kind: Kind, name: string) => ConditionInput | undefined;
  /** Conditions that stand beside what a pass finds. */
  readonly notes?: (kind: Kind, name: string) => readonly ConditionInput[];
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Milliseconds until an object of the kind is looked at again though nothing was heard of it. */
  readonly resyncMs: (kind: Kind) => number;
  /** Something changed behind the manifest was repaired. */
  readonly onDrift?: (kind: Kind, name: string) => void;
}

/** A step failed without which the object works. */
class FailedAside extends Error {
  override readonly name = 'FailedAside';

  constructor(cause: unknown) {
    super('a step failed', { cause });
  }
}

/** observe -> plan -> execute -> observe -> status: the pass that every controller makes. */
export function createPass<K extends Kind, A extends Action, Extra>(
  reconciler: Reconciler<K, A, Extra>,
  deps: PassDeps,
): (name: string, context: PassContext) => Promise<Result> {
  const { kind } = reconciler;
  return async (name, context) => {
    const object = deps.store.get(kind, name);
    if (object === undefined) return {};
    const blocked = deps.condemned(kind, name);
    try {
      const look = await (blocked === undefined
        ? runPlan(reconciler, deps, object, context)
        : lookOnly(reconciler, object, { ...lookContext(deps, object, context.signal), blocked }));
      if (look.plan.gone === true) {
        await removeObject(deps, object, look.plan.waiting);
        return {};
      }
      await writeStatus(deps, object, look.conditions, look.fields);
      return look.again === undefined
        ? { resyncAfterMs: deps.resyncMs(kind) }
        : { requeueAfterMs: look.again };
    } catch (thrown) {
      const { signal } = context;
      const [error, keeps] = thrown instanceof FailedAside ? [thrown.cause, [READY]] : [thrown, []];
      // A daemon that stops knows nothing new of the object; one that waits in vain does.
      if (!signal.aborted) await fail(deps, object, error, keeps);
      else if (reasonOf(signal.reason) === RECONCILE_TIMEOUT) await fail(deps, object, signal.reason);
      throw error;
    }
  };
}

async function runPlan<K extends Kind, A extends Action, Extra>(
  reconciler: Reconciler<K, A, Extra>,
  deps: PassDeps,
  object: ObjectOf<K>,
  { signal, log, uninterruptible }: PassContext,
): Promise<Look<K, A, Extra>> {
  const before = await look(reconciler, deps, object, signal);
  if (before.plan.actions.length === 0) return before;
  let executed = 0;
  let failure: { readonly error: unknown; readonly aside: boolean } | undefined;
  for (const action of before.plan.actions) {
    signal.throwIfAborted();
    // What was begun is brought to its end: half of it may be worth nothing.
    if (executed === 0 && hasTurned(deps.store, object)) break;
    if (reconciler.mayBegin?.(action, object) === false) break;
    const step = { action: action.type, disruption: action.disruption, why: action.reason };
    // What guests feel is told before it begins.
    if (action.disruption === 'none') log.debug(step, 'executing');
    else log.info(step, 'executing');
    const since = deps.clock.monotonic();
    const run = (): Promise<void> => execute(reconciler, deps, { action, look: before, object }, signal);
    try {
      await (reconciler.isWhole?.(action) === true ? uninterruptible(run) : run());
    } catch (error) {
      if (signal.aborted) throw error;
      if (action.isolated !== true && action.aside !== true) throw error;
      failure ??= { error, aside: action.aside === true };
      if (action.isolated === true) continue;
      break;
    }
    log.info({ ...step, seconds: (deps.clock.monotonic() - since) / 1000 }, 'executed');
    deps.recorder.record(object, 'Normal', action.type, action.reason);
    if (action.drift === true) deps.onDrift?.(object.kind, object.metadata.name);
    executed += 1;
  }
  const after = await look(reconciler, deps, object, signal);
  if (failure !== undefined) {
    // What the other steps brought about is told before the failure.
    await writeStatus(deps, object, after.conditions, after.fields);
    throw failure.aside ? new FailedAside(failure.error) : failure.error;
  }
  // A call that succeeds and changes nothing would otherwise be made again for ever.
  if (executed > 0 && sameActions(before.plan.actions, after.plan.actions)) {
    const steps = after.plan.actions.map(({ type }) => type).join(', ');
    const message = `cannot reconcile ${object.kind} "${object.metadata.name}": ${steps} succeeded and changed nothing`;
    throw new ReasonedError('NotApplied', message);
  }
  return after.plan.actions.length === 0 ? after : { ...after, again: 0 };
}

function lookContext<K extends Kind>(
  { memory }: Pick<PassDeps, 'memory'>,
  object: ObjectOf<K>,
  signal: AbortSignal,
): LookContext<K> {
  return { signal, memory: memory.read<K>(object) };
}

async function look<K extends Kind, A extends Action, Extra>(
  reconciler: Reconciler<K, A, Extra>,
  deps: PassDeps,
  object: ObjectOf<K>,
  signal: AbortSignal,
): Promise<Look<K, A, Extra>> {
  const found = await reconciler.look(object, lookContext(deps, object, signal));
  remember(reconciler, deps, { type: 'looked', look: found, object });
  return found;
}

interface Execution<K extends Kind, A extends Action, Extra> {
  readonly action: A;
  readonly look: Look<K, A, Extra>;
  readonly object: ObjectOf<K>;
}

async function execute<K extends Kind, A extends Action, Extra>(
  reconciler: Reconciler<K, A, Extra>,
  deps: PassDeps,
  execution: Execution<K, A, Extra>,
  signal: AbortSignal,
): Promise<void> {
  const { action, look: found, object } = execution;
  remember(reconciler, deps, { type: 'executing', ...execution });
  try {
    await reconciler.execute(action, found, object, signal);
  } catch (error) {
    remember(reconciler, deps, { type: 'failed', error, ...execution });
    throw error;
  }
  remember(reconciler, deps, { type: 'executed', ...execution });
}

/** An object that went meanwhile is remembered no more. */
function remember<K extends Kind, A extends Action, Extra>(
  reconciler: Reconciler<K, A, Extra>,
  { memory, store }: PassDeps,
  event: PassEvent<K, A, Extra>,
): void {
  const { object } = event;
  if (reconciler.remember === undefined) return;
  if (store.get(object.kind, object.metadata.name)?.metadata.uid !== object.metadata.uid) return;
  memory.write<K>(object, reconciler.remember(memory.read<K>(object), event));
}

/** Whether the object's manifest went or came back since the pass began. */
function hasTurned<K extends Kind>(store: ObjectStore, object: ObjectOf<K>): boolean {
  const { kind, metadata } = object;
  const now = store.get(kind, metadata.name);
  if (now === undefined) return true;
  return now.metadata.deletionTimestamp !== metadata.deletionTimestamp || isOrphan(now) !== isOrphan(object);
}

async function removeObject<K extends Kind>(
  deps: PassDeps,
  object: ObjectOf<K>,
  kept: Waiting | undefined,
): Promise<void> {
  if (hasTurned(deps.store, object)) return;
  await deps.sink.finalize(object);
  deps.recorder.record(object, 'Normal', 'Removed', kept?.message ?? 'nothing of it is left');
}

function sameActions(before: readonly Action[], after: readonly Action[]): boolean {
  return JSON.stringify(before) === JSON.stringify(after);
}

async function writeStatus<K extends Kind>(
  deps: PassDeps,
  object: ObjectOf<K>,
  found: readonly ConditionInput[],
  fields: Omit<KindMap[K]['status'], 'conditions' | 'observedGeneration'>,
): Promise<void> {
  const { name, generation } = object.metadata;
  const notes = deps.notes?.(object.kind, name) ?? [];
  const conditions = [...found, ...notes];
  await deps.sink.write(object, { ...fields, conditions, observedGeneration: generation });
}

/** The pass failed: what was known stays, Synced says why, Ready is no longer vouched for. */
async function fail<K extends Kind>(
  deps: PassDeps,
  object: ObjectOf<K>,
  error: unknown,
  keeps: readonly string[] = [],
): Promise<void> {
  const { name } = object.metadata;
  const current = deps.store.get(object.kind, name);
  if (current === undefined) return;
  const [reason, message] = [reasonOf(error, 'ReconcileError'), explainError(error)];
  // Nobody can tell how an object is while libvirt does not answer.
  const ready = reason === 'LibvirtUnreachable' ? 'Unknown' : 'False';
  const all = [condition(SYNCED, 'False', reason, message), condition(READY, ready, reason, message)];
  const found = all.filter(({ type }) => !keeps.includes(type));
  const kept = current.status.conditions.filter(({ type }) => found.every((each) => each.type !== type));
  await deps.sink.write(object, { ...current.status, conditions: [...found, ...kept] });
  deps.recorder.record(object, 'Warning', reason, message);
}
