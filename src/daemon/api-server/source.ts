import {
  emptySnapshot,
  snapshotSteps,
  type ManifestFile,
  type Snapshot,
} from '../../api/manifest/snapshot.ts';
import type { ParsedObject } from '../../api/manifest/types.ts';
import type { Origin } from '../../api/meta.ts';
import { givenOf } from '../../api/placement/filled.ts';
import type { Clock, Timer } from '../../engine/clock.ts';
import { runInSlices } from '../../engine/slices.ts';
import type { Source } from '../../engine/source.ts';
import type { Hints } from './hints.ts';
import type { KnownObjects } from './known.ts';
import { createPace } from './pace.ts';
import { manifestsOf, sharedObjects, sharedSnapshot, type Known, type Sharer } from './snapshot.ts';
import { createTexts } from './texts.ts';

/**
 * How soon it is followed what concerns others alone: once a Node that is asked for has had the time to be given an address and bound,
 * and at a tenth of the time at most.
 */
const OTHERS = { settleMs: 500, rest: 9, mostMs: 10_000 };

export interface ApiServerSourceDeps extends Sharer {
  readonly clock: Clock;
  /** @throws ReasonedError why nothing is known, or nothing may be done by it */
  readonly objects: () => KnownObjects;
  /** Calls `onHint` when `objects` may have something else to say. @returns unsubscribe */
  readonly subscribe: Hints['subscribe'];
}

/**
 * The objects of an API server, of which this vmhost has a share. What concerns others alone is followed as soon as that costs
 * little: it changes with every Node of every vmhost.
 */
export function createApiServerSource(deps: ApiServerSourceDeps): Source<Snapshot> {
  const texts = { live: createTexts(deps.kinds), removed: createTexts(deps.kinds) };
  let hint: (() => void) | undefined;
  const deletions = createDeletions(deps.clock, () => hint?.());
  const pace = createPace(deps.clock, { ...OTHERS, run: () => hint?.() });
  const origins = createOrigins();
  let live = emptySnapshot;
  /** Read for what they need for as long as they are there, and for nothing else. */
  let removed = emptySnapshot;

  async function next(before: Snapshot, files: readonly ManifestFile[]): Promise<Snapshot> {
    return runInSlices(snapshotSteps(before, { files }, deps.kinds), deps.clock);
  }

  async function list(): Promise<Snapshot> {
    const objects = deps.objects();
    const known = manifestsOf(deps.kinds, objects);
    const given = givenOf(objects('Network').values());
    const isGone = deletions(known);
    const [gone, there] = partition(known, isGone);
    const { files, ignored } = texts.live(there, given);
    live = await next(live, files);
    removed = await next(removed, texts.removed(gone, given).files);
    const shared = sharedObjects(deps, known, { parsed: [...live.objects, ...removed.objects], isGone });
    return sharedSnapshot(deps, { live, objects, shared, ignored, origins });
  }

  return {
    list: () => pace.during(list),
    watch(onHint) {
      hint = onHint;
      const unsubscribe = deps.subscribe((about) => (about === 'own' ? onHint() : pace.ask()));
      // What changed since the last list, nobody was there to be told.
      onHint();
      return {
        dispose() {
          deletions.dispose();
          pace.dispose();
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

/** An object whose origin is as it was is the very same one. */
function createOrigins(): (object: ParsedObject, origin: Origin) => ParsedObject {
  const made = new WeakMap<ParsedObject, ParsedObject>();
  return (object, more) => {
    const before = made.get(object);
    const { elsewhere, generation } = before?.origin ?? {};
    const isSame =
      generation === more.generation &&
      (elsewhere === undefined) === (more.elsewhere === undefined) &&
      elsewhere?.vmhost === more.elsewhere?.vmhost;
    if (before !== undefined && isSame) return before;
    const named = { ...object, origin: { ...object.origin, ...more } };
    made.set(object, named);
    return named;
  };
}

function partition<T>(all: readonly T[], test: (each: T) => boolean): [T[], T[]] {
  const groups = Map.groupBy(all, test);
  return [groups.get(true) ?? [], groups.get(false) ?? []];
}
