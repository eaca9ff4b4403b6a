import { isDeepStrictEqual } from 'node:util';
import { condition, READY, REMOVAL_HELD } from '../api/conditions.ts';
import { explainError, reasonOf, ReasonedError } from '../api/errors.ts';
import {
  isElsewhere,
  isOrphan,
  objectWord,
  parseRef,
  refName,
  type AnyObject,
  type ConditionInput,
  type Kind,
  type ObjectRef,
} from '../api/meta.ts';
import type { Waiting } from '../api/disruption/waiting.ts';
import { explainHold, holdRemovals, type HoldReason } from '../api/ownership/hold.ts';
import type { Marked } from '../api/ownership/orphan.ts';
import type { ObjectStore } from '../controllers/objects.ts';
import type { Clock, Timer } from '../engine/clock.ts';
import type { Logger } from '../engine/logger.ts';
import type { Metrics } from '../engine/metrics.ts';
import type { Named, RemovalRule } from '../engine/source.ts';
import type { Enqueue } from './triggers.ts';

export interface RemovalsDeps {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'setRemovalsHeld'>;
  /** More objects than this at once are held. */
  readonly limit: number;
  /** What carries our mark in libvirt. */
  readonly survey: () => Promise<readonly Marked[]>;
  readonly enqueue: Enqueue;
}

/** What becomes of objects whose manifest is gone: removed, or held until somebody confirms it. */
export interface Removals extends RemovalRule {
  /** Whether it is known what an earlier run made. */
  surveyed(): boolean;
  held(): readonly ObjectRef[];
  /** Lets the removal of these go on. @throws ReasonedError NotHeld, and then none goes on */
  confirm(refs: readonly ObjectRef[]): void;
  /** Why nothing is done for an object that has no manifest, unless its removal was let go on. */
  blocked(kind: Kind, name: string): ConditionInput | undefined;
  /** Why an object without a manifest is not being removed. */
  waiting(kind: Kind, name: string): Waiting | undefined;
  /** What its conditions say of held removals. */
  notes(kind: Kind, name: string): readonly ConditionInput[];
  /** Calls `listener` when what is held changed, and when the survey is over. @returns unsubscribe */
  subscribe(listener: () => void): () => void;
  dispose(): void;
}

const RETRY_MS = 5000;
const NAMED = 10;

/** Decides anew with every list of manifests; what it decides is in the store, as deletionTimestamps. */
export function createRemovals(deps: RemovalsDeps): Removals {
  const { store, clock, log, limit } = deps;
  let named: Named | undefined;
  let admitted: ReadonlySet<string> = new Set();
  let held: ReadonlyMap<string, HoldReason> = new Map();
  let survey: 'due' | 'running' | 'done' = 'due';
  /** What an earlier run made, and a manifest names that is invalid since this run began: nothing else tells that it is there. */
  let unknown: readonly string[] = [];
  let retry: Timer | undefined;
  let problem: string | undefined;
  let disposed = false;
  const listeners = new Set<() => void>();
  const unsubscribe = store.subscribe(({ type, object }) => {
    const gone = refName(refOf(object));
    if (type === 'DELETED' && held.has(gone)) setHeld([...held].filter(([ref]) => ref !== gone));
  });

  function judge({ refs: manifests, opaque, taken, ...asked }: Named, before: ReadonlySet<string>): void {
    const removable = store.all().filter(isRemovable);
    const refs = removable.map(refOf);
    const strange = taken === undefined ? [] : removable.filter(isOrphan).map(refOf).map(refName);
    const untaken = new Set(strange.filter((ref) => taken?.has(ref) !== true));
    const pending = refs.map(refName).filter((ref) => !manifests.has(ref));
    const remaining = [...before].filter((ref) => manifests.has(ref)).length;
    const next = holdRemovals({ pending, remaining, admitted, held, opaque, untaken, limit, ...asked });
    admitted = new Set(next.admitted);
    setHeld([...next.held]);
    for (const ref of next.admitted) begin(parseRef(ref));
  }

  function begin({ kind, name }: ObjectRef): void {
    if (store.terminate(kind, name)) log.warn({ kind, name }, 'no manifest: removing what was made from it');
  }

  function setHeld(next: readonly (readonly [string, HoldReason])[]): void {
    const before = held;
    held = new Map(next);
    deps.metrics.setRemovalsHeld(held.size);
    const fresh = [...held.keys()].filter((ref) => !before.has(ref));
    if (fresh.length > 0) {
      log.warn({ held: fresh, hint: 'k8slab confirm-removal' }, 'removals are held until they are confirmed');
    }
    if (isDeepStrictEqual(held, before)) return;
    for (const { kind, metadata } of store.all()) {
      const ref = refName({ kind, name: metadata.name });
      if (kind === 'Vmhost' || held.get(ref) !== before.get(ref)) deps.enqueue(kind, metadata.name);
    }
    for (const listener of listeners) listener();
  }

  async function lookForOrphans(): Promise<void> {
    if (survey !== 'due') return;
    survey = 'running';
    try {
      const marked = await deps.survey();
      problem = undefined;
      const known = named?.opaque.length === 0 ? named : undefined;
      survey = known === undefined ? 'due' : 'done';
      if (known !== undefined) takeIn(marked, known);
      for (const listener of listeners) listener();
    } catch (error) {
      survey = 'due';
      if (disposed) return;
      const why = explainError(error);
      if (why !== problem)
        log.warn({ reason: reasonOf(error), why }, 'cannot look for what an earlier run made');
      problem = why;
      retry?.cancel();
      retry = clock.setTimer(RETRY_MS, () => void lookForOrphans());
    }
  }

  function takeIn(marked: readonly Marked[], manifests: Named): void {
    for (const object of marked) {
      const { kind, name } = object;
      const known = store.get(kind, name);
      if (manifests.refs.has(refName(object)) || (known !== undefined && !isElsewhere(known))) continue;
      if (known !== undefined) store.remove(kind, name);
      const origin = { orphan: true } as const;
      if (kind === 'Node') store.apply(kind, { name, origin, spec: object.spec, hash: '' });
      else store.apply(kind, { name, origin, spec: object.spec, hash: '' });
    }
    unknown = marked.filter(isUnknown).map(refName);
    judge(manifests, new Set(marked.map(refName)));
  }

  function isUnknown({ kind, name }: ObjectRef): boolean {
    return store.get(kind, name) === undefined;
  }

  function explain(ref: string): string | undefined {
    const reason = held.get(ref);
    if (reason === undefined) return undefined;
    return explainHold(reason, { limit, opaque: named?.opaque ?? [] }, parseRef(ref));
  }

  return {
    settle(manifests, before) {
      named = manifests;
      judge(manifests, before);
      unknown = unknown.filter((ref) => isUnknown(parseRef(ref)));
      if (survey === 'done' && unknown.some((ref) => !manifests.refs.has(ref))) survey = 'due';
      // A manifest that cannot be read may name what an earlier run made.
      if (manifests.opaque.length === 0) void lookForOrphans();
    },
    surveyed: () => survey === 'done',
    held: () => [...held.keys()].sort().map(parseRef),
    confirm(refs) {
      const other = refs.find((ref) => !held.has(refName(ref)));
      if (other !== undefined) {
        const hint = 'k8slab confirm-removal lists what is held';
        const what = objectWord(other);
        throw new ReasonedError('NotHeld', `cannot confirm removal of ${what}: it is not held`, { hint });
      }
      const confirmed = new Set(refs.map(refName));
      admitted = new Set([...admitted, ...confirmed]);
      setHeld([...held].filter(([ref]) => !confirmed.has(ref)));
      for (const ref of refs) begin(ref);
    },
    blocked(kind, name) {
      const object = store.get(kind, name);
      if (object === undefined || !isOrphan(object)) return undefined;
      const isAdmitted = object.metadata.deletionTimestamp !== undefined;
      const message = explain(refName({ kind, name })) ?? (isAdmitted ? undefined : TAKEN_IN);
      return message === undefined ? undefined : condition(READY, 'Unknown', REMOVAL_HELD, message);
    },
    waiting(kind, name) {
      const message = explain(refName({ kind, name }));
      return message === undefined ? undefined : { reason: REMOVAL_HELD, message };
    },
    notes(kind, name) {
      if (kind === 'Vmhost') return held.size === 0 ? [] : [summary([...held.keys()].sort())];
      const ref = refName({ kind, name });
      const [reason, message] = [held.get(ref), explain(ref)];
      return reason === undefined ? [] : [condition(REMOVAL_HELD, 'True', reason, message)];
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    dispose() {
      disposed = true;
      unsubscribe();
      retry?.cancel();
    },
  };
}

/** Its manifest is there, and stands for it from its next load on. */
const TAKEN_IN = 'an earlier run made it, and it is being taken in';

function summary(refs: readonly string[]): ConditionInput {
  const names = refs.map((ref) => objectWord(parseRef(ref)));
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  const message = `without manifests and not removed: ${names.slice(0, NAMED).join(', ')}${more}; to remove them: k8slab confirm-removal`;
  return condition('RemovalsHeld', 'True', 'NotConfirmed', message);
}

/** Whether it is here, and made from a manifest. */
function isRemovable(object: AnyObject): boolean {
  return object.kind !== 'Vmhost' && !isElsewhere(object);
}

function refOf({ kind, metadata }: { kind: Kind; metadata: { name: string } }): ObjectRef {
  return { kind, name: metadata.name };
}
