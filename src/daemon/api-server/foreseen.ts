import {
  emptySnapshot,
  snapshotSteps,
  type ManifestFile,
  type Snapshot,
} from '../../api/manifest/snapshot.ts';
import type { ParsedObject } from '../../api/manifest/types.ts';
import { API_VERSION, refName, type Kind, type Origin } from '../../api/meta.ts';
import type { PlannedObject } from '../../api/disruption/action.ts';
import type { Kinds } from '../../api/kinds/kinds.ts';
import { givenOf } from '../../api/placement/filled.ts';
import { place, type Placement } from '../../api/placement/place.ts';
import { plannedPlacement } from '../../api/placement/planned.ts';
import { readLab } from '../../api/placement/read.ts';
import type { SharedObject } from '../../api/placement/share.ts';
import type { KubeObject } from '../../drivers/kube.ts';
import type { Clock } from '../../engine/clock.ts';
import { runInSlices } from '../../engine/slices.ts';
import type { KnownObjects } from './known.ts';
import { manifestsOf, sharedObjects, sharedSnapshot, type Sharer } from './snapshot.ts';
import { createTexts } from './texts.ts';

/** What would come of manifests if the API server had them. */
export interface Foreseen {
  /** What this vmhost would have. */
  readonly snapshot: Snapshot;
  /** Where Nodes would go that are bound nowhere. */
  readonly placed: readonly PlannedObject[];
}

export interface ForeseeInput {
  readonly sharer: Sharer;
  readonly clock: Clock;
  readonly objects: KnownObjects;
  /** They stand in for objects of the same kind and name. */
  readonly files: readonly ManifestFile[];
  /** Whether all other manifests are gone. */
  readonly only: boolean;
}

/** Asks nobody and changes nothing: it is judged by what is known. */
export async function foresee({ sharer, clock, objects, files, only }: ForeseeInput): Promise<Foreseen> {
  const fresh = await runInSlices(snapshotSteps(emptySnapshot, { files }, sharer.kinds), clock);
  const asked = withManifests(sharer.kinds, objects, { manifests: fresh.objects, only });
  const lab = readLab((kind) => asked(kind).values());
  const placement = place(lab);
  const placed = withStatus(sharer.kinds, asked, placement);
  return { snapshot: await snapshotOf(sharer, placed, clock), placed: plannedPlacement(lab, placement) };
}

async function snapshotOf(sharer: Sharer, objects: KnownObjects, clock: Clock): Promise<Snapshot> {
  const known = manifestsOf(sharer.kinds, objects);
  const given = givenOf(objects('Network').values());
  const { files, ignored } = createTexts(sharer.kinds)(known, given);
  const live = await runInSlices(snapshotSteps(emptySnapshot, { files }, sharer.kinds), clock);
  const found = sharedObjects(sharer, known, { parsed: live.objects, isGone: () => false });
  const { share } = sharedSnapshot(sharer, { live, objects, origins, ignored, shared: found });
  // Nothing is made before the finalizer is on the object: by then it is.
  const isHere = (object: SharedObject): boolean => share?.here.has(refName(object)) === true;
  const shared = found.map((object) => ({ ...object, isHeld: object.isHeld || isHere(object) }));
  return sharedSnapshot(sharer, { live, objects, origins, ignored, shared });
}

function origins(object: ParsedObject, origin: Origin): ParsedObject {
  return { ...object, origin: { ...object.origin, ...origin } };
}

interface Asked {
  readonly manifests: readonly ParsedObject[];
  readonly only: boolean;
}

/** What is being removed is gone already. */
function withManifests(kinds: Kinds, objects: KnownObjects, { manifests, only }: Asked): KnownObjects {
  const byKind = Map.groupBy(manifests, ({ kind }): Kind => kind);
  return byKindOf(kinds, (kind) => {
    const known = objects(kind);
    const stay = [...known].filter(
      ([, { metadata }]) => metadata.deletionTimestamp === undefined && (!only || kind === 'Vmhost'),
    );
    const fresh = byKind.get(kind) ?? [];
    return new Map([
      ...stay,
      ...fresh.map((object) => [object.name, asServed(object, known.get(object.name))] as const),
    ]);
  });
}

function asServed({ kind, name, labels, annotations, spec }: ParsedObject, known?: KubeObject): KubeObject {
  const unknown: KubeObject['metadata'] = { name, uid: '', resourceVersion: '', creationTimestamp: '' };
  const { deletionTimestamp: _, ...metadata } = {
    ...(known?.metadata ?? unknown),
    name,
    labels,
    annotations,
  };
  return { apiVersion: API_VERSION, kind, metadata, spec, status: known?.status };
}

/** As it would be once everything is bound and has its addresses. */
function withStatus(kinds: Kinds, objects: KnownObjects, { bindings, allocations }: Placement): KnownObjects {
  const vmhosts = new Map(bindings.map(({ node, vmhost }) => [node, vmhost]));
  const given: Readonly<Partial<Record<Kind, (name: string) => object | undefined>>> = {
    Node: (name) => (vmhosts.has(name) ? { vmhost: vmhosts.get(name) } : undefined),
    Network: (name) => (allocations.has(name) ? { allocations: allocations.get(name) } : undefined),
  };
  return byKindOf(kinds, (kind) => {
    const of = given[kind];
    const known = objects(kind);
    if (of === undefined) return known;
    return new Map(
      [...known].map(([name, object]) => [
        name,
        { ...object, status: { ...(object.status as object | undefined), ...of(name) } },
      ]),
    );
  });
}

function byKindOf(kinds: Kinds, of: (kind: Kind) => ReadonlyMap<string, KubeObject>): KnownObjects {
  const made = new Map(kinds.all.map(({ kind }) => [kind, of(kind)]));
  return (kind) => made.get(kind) ?? new Map<string, KubeObject>();
}
