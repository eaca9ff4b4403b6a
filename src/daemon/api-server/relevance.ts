import type { Kind } from '../../api/meta.ts';
import { allocationsIn } from '../../api/placement/filled.ts';
import type { KubeChange, KubeObject } from '../../drivers/kube.ts';
import { conditionOf, SCHEDULED } from './scheduled.ts';
import { boundTo, pinnedTo, vmhostFinalizer } from './snapshot.ts';

type ObjectChange = Extract<KubeChange, { readonly object: KubeObject }>;

/** What somebody goes by of an object; undefined: nothing. */
type FactsOf = (kind: Kind, object: KubeObject) => string | undefined;

/** Tells which changes somebody goes by: most of a status is nothing to them. */
export interface Relevance {
  of(change: ObjectChange): boolean;
}

export function createRelevance(factsOf: FactsOf): Relevance {
  const known = new Map<string, string>();
  return {
    of({ type, kind, object }) {
      const facts = factsOf(kind, object);
      const key = `${kind}/${object.metadata.name}`;
      const before = known.get(key);
      if (type === 'Deleted' || facts === undefined) known.delete(key);
      else known.set(key, facts);
      if (facts === undefined) return before !== undefined;
      return type === 'Deleted' || before !== facts;
    },
  };
}

export function placementFacts(kind: Kind, object: KubeObject): string | undefined {
  const { uid, generation, deletionTimestamp, labels } = object.metadata;
  const about = [uid, generation, deletionTimestamp];
  const status = (object.status ?? {}) as Readonly<Record<string, unknown>>;
  switch (kind) {
    case 'Node':
      return JSON.stringify([about, status.vmhost, said(object, SCHEDULED)]);
    case 'Network':
      return JSON.stringify([about, status.allocations]);
    case 'Image':
      return JSON.stringify([about, status.virtualSize]);
    case 'Vmhost':
      return JSON.stringify([
        about,
        labels,
        status.allocatable,
        status.domainType,
        status.libvirtVersion,
        status.images,
        said(object, 'Ready'),
      ]);
    default:
      return undefined;
  }
}

/** What the manifests of a vmhost's share follow from. */
export function shareFacts(vmhost: string): FactsOf {
  const finalizer = vmhostFinalizer(vmhost);
  return (kind, { metadata, status }) => {
    const { uid, generation, deletionTimestamp, labels, annotations } = metadata;
    const isHeld = metadata.finalizers?.includes(finalizer) === true;
    const given = kind === 'Node' ? boundTo(status) : kind === 'Network' ? allocationsIn(status) : undefined;
    return JSON.stringify([uid, generation, deletionTimestamp, labels, annotations, isHeld, given]);
  };
}

/** Of these, what is about what the vmhost itself has, or is to have; of the others it only knows the names and addresses. */
export function ownFacts(vmhost: string, nodes: () => ReadonlyMap<string, KubeObject>): FactsOf {
  const all = shareFacts(vmhost);
  const has = ownNodes(vmhost);
  // Its address may be served before it is bound.
  const isOwn = (node: KubeObject | undefined): boolean => has(node) || pinnedTo(node?.spec) === vmhost;
  return (kind, object) => {
    if (kind === 'Node') return isOwn(object) ? all(kind, object) : undefined;
    if (kind !== 'Network') return all(kind, object);
    const allocations = allocationsIn(object.status).filter(({ node }) => isOwn(nodes().get(node)));
    return all(kind, { ...object, status: { allocations } });
  };
}

/** Which Nodes a vmhost has, is to have, or is to let go. */
export function ownNodes(vmhost: string): (node: KubeObject | undefined) => boolean {
  const finalizer = vmhostFinalizer(vmhost);
  return (node) =>
    node !== undefined &&
    (boundTo(node.status) === vmhost || node.metadata.finalizers?.includes(finalizer) === true);
}

function said(object: KubeObject, type: string): readonly (string | undefined)[] {
  const { status, reason, message } = conditionOf(object, type) ?? {};
  return type === SCHEDULED ? [status, reason, message] : [status, reason];
}
