import type { Kind } from '../../api/meta.ts';
import type { KubeChange, KubeObject } from '../../drivers/kube.ts';
import { conditionOf, SCHEDULED } from './scheduled.ts';

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
      if (facts === undefined) return false;
      const key = `${kind}/${object.metadata.name}`;
      const before = known.get(key);
      if (type === 'Deleted') known.delete(key);
      else known.set(key, facts);
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
        status.images,
        said(object, 'Ready'),
      ]);
    default:
      return undefined;
  }
}

/** What the manifests of a vmhost's share follow from. */
export function shareFacts(kind: Kind, { metadata, status }: KubeObject): string {
  const { uid, generation, deletionTimestamp, labels, annotations, finalizers } = metadata;
  const { vmhost, allocations } = (status ?? {}) as Readonly<Record<string, unknown>>;
  const given = kind === 'Node' ? vmhost : kind === 'Network' ? allocations : undefined;
  return JSON.stringify([uid, generation, deletionTimestamp, labels, annotations, finalizers, given]);
}

function said(object: KubeObject, type: string): readonly (string | undefined)[] {
  const { status, reason, message } = conditionOf(object, type) ?? {};
  return type === SCHEDULED ? [status, reason, message] : [status, reason];
}
