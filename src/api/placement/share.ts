import { refName, type Elsewhere, type ManifestKind, type ObjectRef } from '../meta.ts';

/** An object as an API server has it, as far as it says whose it is. */
export interface SharedObject extends ObjectRef<ManifestKind> {
  readonly isRemoved: boolean;
  /** Whether this vmhost's finalizer is on it: something may have been made from it here. */
  readonly isHeld: boolean;
  /** Of a Node, where it is bound to. */
  readonly vmhost?: string;
  /** What it cannot be without. */
  readonly needs: readonly ObjectRef[];
  /** Of a Node, whether it has all addresses that it asks for. */
  readonly isAllocated: boolean;
  /** Of a Node, whether its disk can be made anew on another vmhost, and may. */
  readonly isRenewable: boolean;
}

export interface ShareInput {
  readonly vmhost: string;
  /** Nodes that can be made anew are to leave. */
  readonly isDrained: boolean;
  readonly objects: readonly SharedObject[];
}

/** What a vmhost is to do, out of all objects. The keys are `Kind/name`. */
export interface Share {
  /** What it shall have. What of it is among `elsewhere` too waits for its finalizer, or for its addresses. */
  readonly here: ReadonlySet<string>;
  /** What it has and is to let go, since that is what somebody asked for. */
  readonly released: ReadonlySet<string>;
  /** What another vmhost is said to have: should it be here, nothing is taken down before somebody confirms it. */
  readonly disputed: ReadonlySet<string>;
  /** What it has taken in: only of that an API server can be asked to let go. */
  readonly taken: ReadonlySet<string>;
  /** Where the Nodes are that are not to be here; of other kinds, which vmhosts have them is in their status. */
  readonly elsewhere: ReadonlyMap<string, Elsewhere>;
}

/**
 * A Node is where it is bound; one that lost its binding stays where it is. Networks, Images and LoadBalancers are where
 * Nodes need them.
 */
export function shareOf(input: ShareInput): Share {
  const { here, released, disputed, elsewhere, needed } = shareNodes(input);
  for (const object of input.objects) {
    if (object.kind === 'Node') continue;
    const ref = refName(object);
    const isNeeded =
      object.kind === 'LoadBalancer' ? object.needs.some((need) => here.has(refName(need))) : needed.has(ref);
    if (isNeeded && !object.isRemoved) here.add(ref);
    if (!here.has(ref) || !object.isHeld) elsewhere.set(ref, {});
    if (!isNeeded && object.isHeld) released.add(ref);
  }
  const taken = new Set(input.objects.filter(({ isHeld }) => isHeld).map(refName));
  return { here, released, disputed, taken, elsewhere };
}

interface NodeShare {
  readonly here: Set<string>;
  readonly released: Set<string>;
  readonly disputed: Set<string>;
  readonly elsewhere: Map<string, Elsewhere>;
  readonly needed: ReadonlySet<string>;
}

function shareNodes({ vmhost, isDrained, objects }: ShareInput): NodeShare {
  const [here, released, disputed] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const elsewhere = new Map<string, Elsewhere>();
  const needed = new Set<string>();
  for (const node of objects) {
    if (node.kind !== 'Node') continue;
    const at = node.vmhost ?? (node.isHeld ? vmhost : undefined);
    const ref = refName(node);
    const leaves = isDrained && node.isRenewable && !node.isRemoved;
    // What it stands on is needed for as long as it is there, also while it is being removed.
    if (at === vmhost) for (const need of node.needs) needed.add(refName(need));
    if (at === vmhost && !leaves && !node.isRemoved) here.add(ref);
    if (!here.has(ref) || !node.isHeld || !node.isAllocated)
      elsewhere.set(ref, at === undefined ? {} : { vmhost: at });
    if (at === vmhost && leaves) released.add(ref);
    if (at !== undefined && at !== vmhost) disputed.add(ref);
  }
  return { here, released, disputed, elsewhere, needed };
}
