import type { Kinds } from '../../api/kinds/kinds.ts';
import type { Privilege } from '../../api/kinds/privileges.ts';
import {
  emptySnapshot,
  snapshotSteps,
  type ManifestFile,
  type Snapshot,
} from '../../api/manifest/snapshot.ts';
import type { ParsedObject } from '../../api/manifest/types.ts';
import { isLeftAlone } from '../../api/ipam/names.ts';
import { objectWord, refName, type ManifestKind, type ObjectRef, type Origin } from '../../api/meta.ts';
import { whyItStays } from '../../api/placement/drain.ts';
import { givenOf, manifestText, type Given } from '../../api/placement/filled.ts';
import { refusalsOf } from '../../api/placement/refusals.ts';
import { shareOf, type Share, type SharedObject } from '../../api/placement/share.ts';
import type { KubeObject } from '../../drivers/kube.ts';
import type { Clock, Timer } from '../../engine/clock.ts';
import { runInSlices } from '../../engine/slices.ts';
import type { Source } from '../../engine/source.ts';
import type { KnownObjects } from './known.ts';

/** Held by a vmhost on what it made something of. */
export function vmhostFinalizer(vmhost: string): string {
  return `vmhost.k8slab.io/${vmhost}`;
}

export interface ApiServerSourceDeps {
  readonly vmhost: string;
  readonly allow: readonly Privilege[];
  readonly kinds: Kinds;
  readonly clock: Clock;
  /** @throws ReasonedError why nothing is known, or nothing may be done by it */
  readonly objects: () => KnownObjects;
  /** Calls `onHint` when `objects` may have something else to say. @returns unsubscribe */
  readonly subscribe: (onHint: () => void) => () => void;
}

/** The objects of an API server, of which this vmhost has a share. */
export function createApiServerSource(deps: ApiServerSourceDeps): Source<Snapshot> {
  const texts = createTexts();
  const deletions = createDeletions(deps.clock, () => hint?.());
  let hint: (() => void) | undefined;
  const origins = createOrigins();
  let live = emptySnapshot;
  /** Read for what they need for as long as they are there, and for nothing else. */
  let removed = emptySnapshot;

  async function next(before: Snapshot, files: readonly ManifestFile[]): Promise<Snapshot> {
    return runInSlices(snapshotSteps(before, { files }, deps.kinds), deps.clock);
  }

  return {
    async list() {
      const objects = deps.objects();
      const known = manifestsOf(deps.kinds, objects);
      const given = givenOf(objects('Network').values());
      const isGone = deletions(known);
      const [gone, there] = partition(known, isGone);
      live = await next(live, texts(there, given));
      removed = await next(removed, texts(gone, given));
      const share = shareOf({
        vmhost: deps.vmhost,
        isDrained: isDrained(objects('Vmhost').get(deps.vmhost)),
        objects: sharedObjects(deps, known, { parsed: [...live.objects, ...removed.objects], isGone }),
      });
      const byRef = new Map(known.map((each) => [refName(each), each.object]));
      const named = live.objects.map((object) => origins(object, originOf(object, share, byRef)));
      const refused = refusalsOf(live.objects, deps);
      return { ...live, objects: named, share: { ...share, refused } };
    },
    watch(onHint) {
      hint = onHint;
      const unsubscribe = deps.subscribe(onHint);
      return {
        dispose() {
          deletions.dispose();
          unsubscribe();
          return Promise.resolve();
        },
      };
    },
  };
}

interface Known extends ObjectRef<ManifestKind> {
  readonly object: KubeObject;
}

function manifestsOf(kinds: Kinds, objects: KnownObjects): Known[] {
  return kinds.manifests.flatMap(({ kind }) =>
    [...objects(kind)].map(([name, object]) => ({ kind, name, object })),
  );
}

/** Objects that are deleted together are told one after the other. */
const TOGETHER_MS = 1000;

/**
 * Which objects are deleted, as far as that is to be acted on: not before the last of those that are deleted together was told, so that
 * it is seen how many they are.
 */
function createDeletions(
  clock: Clock,
  onSettled: () => void,
): { (known: readonly Known[]): (each: Known) => boolean; dispose(): void } {
  let counted = new Set<string>();
  let seen = new Map<string, number>();
  let timer: Timer | undefined;

  function update(known: readonly Known[]): (each: Known) => boolean {
    const deleted = known.filter(({ object }) => object.metadata.deletionTimestamp !== undefined);
    const uids = new Set(deleted.map(({ object }) => object.metadata.uid));
    const now = clock.monotonic();
    seen = new Map([...uids].map((uid) => [uid, seen.get(uid) ?? now]));
    const wait = Math.max(-Infinity, ...seen.values()) + TOGETHER_MS - now;
    counted = wait > 0 ? new Set([...counted].filter((uid) => uids.has(uid))) : uids;
    timer?.cancel();
    timer = wait > 0 ? clock.setTimer(wait, onSettled) : undefined;
    return ({ object }) => counted.has(object.metadata.uid);
  }

  return Object.assign(update, { dispose: () => timer?.cancel() });
}

/** A text that says what it said is the very same one, so that it is not read again. */
function createTexts(): (known: readonly Known[], given: Given) => readonly ManifestFile[] {
  const before = new Map<string, string>();
  return (known, given) =>
    known.map(({ kind, name, object }) => {
      const path = objectWord({ kind, name });
      const text = manifestText(kind, object, given);
      const last = before.get(path);
      const same = last === text ? last : text;
      before.set(path, same);
      return { path, text: same };
    });
}

/** An object whose origin is as it was is the very same one. */
function createOrigins(): (object: ParsedObject, origin: Origin) => ParsedObject {
  const made = new WeakMap<ParsedObject, { readonly key: string; readonly object: ParsedObject }>();
  return (object, more) => {
    const origin = { ...object.origin, ...more };
    const key = JSON.stringify(origin);
    const before = made.get(object);
    if (before?.key === key) return before.object;
    const named = { ...object, origin };
    made.set(object, { key, object: named });
    return named;
  };
}

function originOf(object: ParsedObject, share: Share, known: ReadonlyMap<string, KubeObject>): Origin {
  const ref = refName(object);
  const elsewhere = share.elsewhere.get(ref);
  const generation = known.get(ref)?.metadata.generation;
  return {
    ...(elsewhere === undefined ? {} : { elsewhere }),
    ...(generation === undefined ? {} : { generation }),
  };
}

function sharedObjects(
  { vmhost, kinds }: ApiServerSourceDeps,
  known: readonly Known[],
  { parsed, isGone }: { readonly parsed: readonly ParsedObject[]; readonly isGone: (each: Known) => boolean },
): readonly SharedObject[] {
  const byRef = new Map(parsed.map((object) => [refName(object), object]));
  return known.map((each) => {
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
      isHeld: metadata.finalizers?.includes(vmhostFinalizer(vmhost)) === true,
      needs: object === undefined ? [] : needsOf(kinds, object),
      isAllocated: object?.kind !== 'Node' || isAllocated(object.spec),
      isRenewable: object?.kind === 'Node' && whyItStays(object) === undefined,
      ...(bound === undefined ? {} : { vmhost: bound }),
    };
  });
}

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

export function isDrained(vmhost: KubeObject | undefined): boolean {
  return (vmhost?.spec as { readonly drain?: unknown } | undefined)?.drain === true;
}

function partition<T>(all: readonly T[], test: (each: T) => boolean): [T[], T[]] {
  const groups = Map.groupBy(all, test);
  return [groups.get(true) ?? [], groups.get(false) ?? []];
}
