import {
  emptySnapshot,
  snapshotSteps,
  type ManifestFile,
  type Snapshot,
} from '../../api/manifest/snapshot.ts';
import type { ParsedObject } from '../../api/manifest/types.ts';
import { objectWord, type Origin } from '../../api/meta.ts';
import { givenOf, manifestText, type Given } from '../../api/placement/filled.ts';
import type { Clock, Timer } from '../../engine/clock.ts';
import { runInSlices } from '../../engine/slices.ts';
import type { Source } from '../../engine/source.ts';
import type { KnownObjects } from './known.ts';
import { manifestsOf, sharedObjects, sharedSnapshot, type Known, type Sharer } from './snapshot.ts';

export interface ApiServerSourceDeps extends Sharer {
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
      const shared = sharedObjects(deps, known, { parsed: [...live.objects, ...removed.objects], isGone });
      return sharedSnapshot(deps, { live, objects, shared, origins });
    },
    watch(onHint) {
      hint = onHint;
      const unsubscribe = deps.subscribe(onHint);
      // What changed since the last list, nobody was there to be told.
      onHint();
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

function partition<T>(all: readonly T[], test: (each: T) => boolean): [T[], T[]] {
  const groups = Map.groupBy(all, test);
  return [groups.get(true) ?? [], groups.get(false) ?? []];
}
