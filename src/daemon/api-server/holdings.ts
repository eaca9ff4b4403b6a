import type { SnapshotShare } from '../../api/manifest/snapshot.ts';
import { isElsewhere, parseRef, refName, type ApiObject, type ObjectRef } from '../../api/meta.ts';
import type { ObjectStore } from '../../controllers/objects.ts';
import type { Kube, KubeObject } from '../../drivers/kube.ts';
import type { Reconcile } from '../../engine/controller.ts';
import { statusManager } from './publisher.ts';
import { boundCondition, stamped } from './scheduled.ts';
import { boundTo, pinnedTo, vmhostFinalizer } from './snapshot.ts';
import { SCHEDULER_MANAGER } from './writer.ts';

export interface HoldingsDeps {
  readonly store: ObjectStore;
  readonly vmhost: string;
  readonly kube: Pick<Kube, 'applyStatus' | 'setFinalizer'>;
  readonly served: (ref: ObjectRef) => KubeObject | undefined;
  /** Undefined: nothing is known yet. */
  readonly share: () => SnapshotShare | undefined;
  /** Whether it was looked for what an earlier run made: until then nothing is known to be gone. */
  readonly surveyed: () => boolean;
  /** RFC 3339. */
  readonly now: () => string;
}

/**
 * Keeps this vmhost's finalizer on what it has or is to have, and on nothing else; a Node that left in a drain is unbound, one
 * that lost its binding, or never had one and yet has its guest here, is bound.
 */
export function createHoldings(deps: HoldingsDeps): Reconcile {
  const { store, vmhost, kube, served } = deps;
  const finalizer = vmhostFinalizer(vmhost);

  async function bind(ref: ObjectRef, status: object, { metadata }: KubeObject): Promise<void> {
    const { resourceVersion } = metadata;
    await kube.applyStatus(ref, status, { manager: SCHEDULER_MANAGER, resourceVersion });
  }

  /** A guest that was made before the API server knew of it. */
  function mayStay({ metadata }: ApiObject, { spec }: KubeObject): boolean {
    const pin = pinnedTo(spec);
    return metadata.deletionTimestamp === undefined && (pin === undefined || pin === vmhost);
  }

  return async (key) => {
    const ref = parseRef(key);
    const [object, share] = [served(ref), deps.share()];
    if (object === undefined || share === undefined) return {};
    const local = store.get(ref.kind, ref.name);
    const isHere = local !== undefined && !isElsewhere(local);
    const isHeld = object.metadata.finalizers?.includes(finalizer) === true;
    const isRemoved = object.metadata.deletionTimestamp !== undefined;
    const isWanted = share.here.has(refName(ref));
    if (isWanted && !isHeld && !isRemoved) await kube.setFinalizer(ref, finalizer, true, object);
    const isGone = !isWanted && !isHere && deps.surveyed();
    const bound = boundTo(object.status);
    if (isGone && isHeld) {
      const isDrained = ref.kind === 'Node' && !isRemoved && bound === vmhost;
      // What an earlier run said of it nobody would take back later.
      const left = isDrained ? await kube.applyStatus(ref, {}, { manager: statusManager(vmhost) }) : object;
      await kube.setFinalizer(ref, finalizer, false, left);
    }
    if (ref.kind !== 'Node' || isRemoved) return {};
    if (isGone && !isHeld && bound === vmhost && share.released.has(refName(ref)))
      await bind(ref, {}, object);
    if (isHere && (isHeld || mayStay(local, object)) && bound === undefined)
      await bind(ref, { vmhost, conditions: [stamped(object, boundCondition(vmhost), deps.now())] }, object);
    return {};
  };
}
