import { isDeepStrictEqual } from 'node:util';
import { findCondition, READY } from '../../api/conditions.ts';
import type { VmhostState } from '../../api/kinds/vmhost-states.ts';
import { isElsewhere, parseRef, type AnyObject, type ObjectRef, type ObjectStatus } from '../../api/meta.ts';
import type { ObjectStore } from '../../controllers/objects.ts';
import type { Kube, KubeObject } from '../../drivers/kube.ts';
import type { Reconcile } from '../../engine/controller.ts';

export interface PublisherDeps {
  readonly store: ObjectStore;
  readonly vmhost: string;
  readonly kube: Pick<Kube, 'applyStatus'>;
  /** Undefined: it is not there, or nothing is known of the server now. */
  readonly served: (ref: ObjectRef) => KubeObject | undefined;
  /** What was applied last, by `Kind/name`. */
  readonly applied?: Map<string, Applied>;
}

export interface Applied {
  readonly uid: string;
  readonly status: object;
}

/** Field manager of what a vmhost says of its share. */
export function statusManager(vmhost: string): string {
  return `k8slabd-${vmhost}`;
}

/** Brings what the API server says of an object of this vmhost to what the store says of it. */
export function createPublisher(deps: PublisherDeps): Reconcile {
  const { store, vmhost, kube, served, applied = new Map<string, Applied>() } = deps;
  return async (key) => {
    const ref = parseRef(key);
    const there = served(ref);
    const local = store.get(ref.kind, ref.name) as AnyObject | undefined;
    if (there === undefined) {
      if (local === undefined) applied.delete(key);
      return {};
    }
    const { uid } = there.metadata;
    const wanted = wantedStatus(local, vmhost);
    const last = applied.get(key)?.uid === uid ? applied.get(key)?.status : undefined;
    if (wanted === undefined && last === undefined && !saysOf(there.status, vmhost)) return {};
    const status = wanted ?? {};
    if (isDeepStrictEqual(last, status) && says(there.status, status)) return {};
    await kube.applyStatus(ref, status, { manager: statusManager(vmhost) });
    if (wanted === undefined) applied.delete(key);
    else applied.set(key, { uid, status });
    return {};
  };
}

/** What the vmhost has to say of an object; undefined: nothing. */
function wantedStatus(object: AnyObject | undefined, vmhost: string): object | undefined {
  if (object === undefined || isElsewhere(object)) return undefined;
  const { kind, status } = object;
  if (status.conditions.length === 0) return undefined;
  if (kind === 'Network' || kind === 'Image') return { vmhosts: [stateOf(status, vmhost)] };
  // Where a Node is bound to is said by who bound it.
  const { conditions, observedGeneration, vmhost: _, ...fields }: Told = status;
  // The store counts its own generations: those of the server are known for what was acted on last alone.
  const isLatest = observedGeneration === object.metadata.generation;
  const generation = isLatest ? object.origin?.generation : undefined;
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  return {
    ...fields,
    ...observed,
    conditions: conditions.map(({ observedGeneration: _, ...each }) => ({ ...each, ...observed })),
  };
}

type Told = ObjectStatus & { readonly vmhost?: unknown };

function stateOf({ conditions }: ObjectStatus, name: string): VmhostState {
  const { status = 'Unknown', reason = 'NotLookedAt', message = '' } = findCondition(conditions, READY) ?? {};
  return { name, ready: status, reason, message };
}

/** Whether a status has an entry of the vmhost, as one of a run before. */
function saysOf(status: unknown, vmhost: string): boolean {
  return listOf(status, 'vmhosts').some((each) => each['name'] === vmhost);
}

/** Whether all that is wanted is there, among what others wrote. */
function says(status: unknown, wanted: object): boolean {
  return Object.entries(wanted).every(([field, value]) => {
    if (field !== 'conditions' && field !== 'vmhosts')
      return isDeepStrictEqual((status as Record<string, unknown> | undefined)?.[field], value);
    const key = field === 'conditions' ? 'type' : 'name';
    const there = new Map(listOf(status, field).map((each) => [each[key], each]));
    return (value as Record<string, unknown>[]).every((each) =>
      isDeepStrictEqual(there.get(each[key]), each),
    );
  });
}

function listOf(status: unknown, field: string): readonly Record<string, unknown>[] {
  const list = (status as Record<string, unknown> | null | undefined)?.[field];
  return Array.isArray(list) ? (list as Record<string, unknown>[]) : [];
}
