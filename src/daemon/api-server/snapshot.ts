import type { Kinds } from '../../api/kinds/kinds.ts';
import type { Privilege } from '../../api/kinds/privileges.ts';
import { isLeftAlone } from '../../api/ipam/names.ts';
import type { Snapshot } from '../../api/manifest/snapshot.ts';
import type { ParsedObject } from '../../api/manifest/types.ts';
import { refName, type ManifestKind, type ObjectRef, type Origin } from '../../api/meta.ts';
import { onceEach } from '../../api/once-each.ts';
import { whyItStays } from '../../api/placement/drain.ts';
import { refusalsOf } from '../../api/placement/refusals.ts';
import { shareOf, type Share, type SharedObject } from '../../api/placement/share.ts';
import type { KubeObject } from '../../drivers/kube.ts';
import type { KnownObjects } from './known.ts';

/** Whose share it is, and what it lets others use. */
export interface Sharer {
  readonly vmhost: string;
  readonly allow: readonly Privilege[];
  readonly kinds: Kinds;
}

/** Held by a vmhost on what it made something of. */
export function vmhostFinalizer(vmhost: string): string {
  return `vmhost.k8slab.io/${vmhost}`;
}

/** A manifest that an API server has. */
export interface Known extends ObjectRef<ManifestKind> {
  readonly object: KubeObject;
}

export function manifestsOf(kinds: Kinds, objects: KnownObjects): Known[] {
  return kinds.manifests.flatMap(({ kind }) =>
    [...objects(kind)].map(([name, object]) => ({ kind, name, object })),
  );
}

export interface SnapshotInput {
  /** What the manifests say. */
  readonly live: Snapshot;
  readonly objects: KnownObjects;
  readonly shared: readonly SharedObject[];
  /** `Kind/name` -> fields of it that only a newer release knows. */
  readonly ignored: ReadonlyMap<string, readonly string[]>;
  /** Says of an object where it comes from. */
  readonly origins: (object: ParsedObject, origin: Origin) => ParsedObject;
}

/** The manifests, and what of them is for this vmhost. */
export function sharedSnapshot(
  sharer: Sharer,
  { live, objects, shared, ignored, origins }: SnapshotInput,
): Snapshot {
  const { vmhost } = sharer;
  const isDrained = isBeingDrained(objects('Vmhost').get(vmhost));
  const share = shareOf({ vmhost, isDrained, objects: shared });
  const named = live.objects.map((object) => {
    const generation = objects(object.kind).get(object.name)?.metadata.generation;
    return origins(object, originOf(object, share, generation));
  });
  return { ...live, objects: named, share: { ...share, refused: refusalsOf(live.objects, sharer), ignored } };
}

function originOf(object: ParsedObject, share: Share, generation: number | undefined): Origin {
  const elsewhere = share.elsewhere.get(refName(object));
  return {
    ...(elsewhere === undefined ? {} : { elsewhere }),
    ...(generation === undefined ? {} : { generation }),
  };
}

export function sharedObjects(
  { vmhost, kinds }: Sharer,
  listed: readonly Known[],
  { parsed, isGone }: { readonly parsed: readonly ParsedObject[]; readonly isGone: (each: Known) => boolean },
): readonly SharedObject[] {
  const byRef = new Map(parsed.map((object) => [refName(object), object]));
  const finalizer = vmhostFinalizer(vmhost);
  return listed.map((each) => {
    const {
      kind,
      name,
      object: { metadata, status },
    } = each;
    const object = byRef.get(refName({ kind, name }));
    const bound = boundTo(status);
    return {
      ...{ kind, name },
      isRemoved: isGone(each),
      isHeld: metadata.finalizers?.includes(finalizer) === true,
      ...(object === undefined ? UNREAD : traitsBy(kinds)(object)),
      ...(bound === undefined ? {} : { vmhost: bound }),
    };
  });
}

/** What follows from a manifest alone. */
type Traits = Pick<SharedObject, 'needs' | 'isAllocated' | 'isRenewable'>;

const UNREAD: Traits = { needs: [], isAllocated: true, isRenewable: false };
/** A manifest that did not change is the very same one, in each of many lists. */
const traitsBy = onceEach((kinds: Kinds) =>
  onceEach((object: ParsedObject): Traits => ({
    needs: needsOf(kinds, object),
    isAllocated: object.kind !== 'Node' || isAllocated(object.spec),
    isRenewable: object.kind === 'Node' && whyItStays(object) === undefined,
  })),
);

function needsOf(kinds: Kinds, { kind, spec }: ParsedObject): readonly ObjectRef[] {
  const references = kinds.manifest(kind)?.manifest.references?.(spec) ?? [];
  return references.flatMap(({ kind: of, name }) => (of === 'role' ? [] : { kind: of, name }));
}

type NodeSpec = (ParsedObject & { readonly kind: 'Node' })['spec'];

function isAllocated(spec: NodeSpec): boolean {
  return spec.networks.every(
    (attachment) => attachment.address !== undefined || isLeftAlone(spec, attachment),
  );
}

/** The vmhost that a Node's status names. */
export function boundTo(status: unknown): string | undefined {
  const vmhost = (status as { readonly vmhost?: unknown } | null | undefined)?.vmhost;
  return typeof vmhost === 'string' && vmhost !== '' ? vmhost : undefined;
}

/** The vmhost that a Node's manifest names. */
export function pinnedTo(spec: unknown): string | undefined {
  const vmhost = (spec as { readonly vmhost?: unknown } | null | undefined)?.vmhost;
  return typeof vmhost === 'string' ? vmhost : undefined;
}

function isBeingDrained(vmhost: KubeObject | undefined): boolean {
  return (vmhost?.spec as { readonly drain?: unknown } | undefined)?.drain === true;
}
