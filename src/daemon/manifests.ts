import { condition, READY } from '../api/conditions.ts';
import { explainError, ReasonedError, reasonOf } from '../api/errors.ts';
import { formatError } from '../api/manifest/format.ts';
import { manifestNotes } from '../api/manifest/notes.ts';
import { emptySnapshot, namedObjects, type Snapshot } from '../api/manifest/snapshot.ts';
import type { ManifestError } from '../api/manifest/types.ts';
import { isElsewhere, refName, type ConditionInput, type Kind, type ObjectRef } from '../api/meta.ts';
import type { ObjectStore } from '../controllers/objects.ts';
import type { Clock } from '../engine/clock.ts';
import type { Logger } from '../engine/logger.ts';
import type { Named, RemovalRule, Source } from '../engine/source.ts';
import { stackOf } from '../engine/stack.ts';
import type { ManifestMetrics } from '../engine/manifest-metrics.ts';
import { createOneAtATime } from '../engine/one-at-a-time.ts';
import { createDangling } from './dangling.ts';

export interface ManifestsDeps {
  readonly source: Source<Snapshot>;
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly metrics: ManifestMetrics;
  readonly log: Logger;
  readonly removals: RemovalRule;
  /** A new snapshot is in the store. */
  readonly onLoaded: (before: Snapshot, after: Snapshot) => void;
  /** Whether the directory can be read, or taken in, has changed. */
  readonly onProblem: () => void;
}

export interface Manifests {
  /** The last complete one; empty before the first. */
  snapshot(): Snapshot;
  /** What keeps the source from being read, or what it holds from being taken in; undefined: nothing. */
  problem(): string | undefined;
  /** Whether the source was read whole once. */
  loaded(): boolean;
  /** Whether it was, and what no manifest names is known to be gone. */
  isComplete(): boolean;
  /** Reads the source now. Loads never overlap; a call during one leads to one more. Never rejects. */
  load(): Promise<void>;
  /** Calls `listener` after each load. @returns unsubscribe */
  subscribe(listener: () => void): () => void;
  /** Why nothing is written for the Vmhost: its files name all objects, and nobody knows them yet. */
  blocked(kind: Kind): ConditionInput | undefined;
  /** What its conditions say of the manifests. */
  notes(ref: ObjectRef): readonly ConditionInput[];
  dispose(): void;
}

/** source -> snapshot -> store. A source that cannot be read changes nothing. */
export function createManifests(deps: ManifestsDeps): Manifests {
  const dangling = createDangling(deps);
  let snapshot = emptySnapshot;
  /** Why the directory cannot be read. */
  let unreadable: string | undefined;
  /** Why what it holds could not be taken in. */
  let failed: string | undefined;
  let loaded = false;
  const listeners = new Set<() => void>();

  /** Whatever a manifest brings about, the daemon goes on with the last good ones. */
  async function loadOnce(): Promise<void> {
    try {
      const after = await list();
      if (after === undefined) return;
      const before = snapshot;
      const first = !loaded;
      reportErrors(deps.log, before.errors, after.errors);
      deps.metrics.setManifestFiles(countFiles(after));
      deps.metrics.setSourceRead(deps.clock.now() / 1000);
      dangling.update(after.warnings);
      storeObjects(deps, before, after);
      snapshot = after;
      loaded = true;
      deps.onLoaded(before, after);
      if (first) deps.onProblem();
      failed = undefined;
    } catch (error) {
      const why = `cannot take in the manifests: ${explainError(error)}`;
      if (why === failed) return;
      deps.log.error({ why, stack: stackOf(error) }, 'a load of the manifests failed');
      failed = why;
      deps.onProblem();
    } finally {
      deps.metrics.setSourceAvailable(loaded && problemNow() === undefined);
      for (const listener of listeners) listener();
    }
  }

  async function list(): Promise<Snapshot | undefined> {
    try {
      const listed = await deps.source.list();
      if (unreadable !== undefined) deps.log.info({}, 'the manifests can be read again');
      setUnreadable(undefined);
      return listed;
    } catch (error) {
      // What nobody meant to be thrown is no news of the directory.
      if (!(error instanceof ReasonedError)) throw error;
      const why = explainError(error);
      if (why !== unreadable)
        deps.log.error({ reason: reasonOf(error), why }, 'cannot read the manifests; nothing is changed');
      setUnreadable(why);
      return undefined;
    }
  }

  function problemNow(): string | undefined {
    return unreadable ?? failed;
  }

  function setUnreadable(now: string | undefined): void {
    if (now === unreadable) return;
    unreadable = now;
    deps.onProblem();
  }

  const load = createOneAtATime(loadOnce);

  return {
    snapshot: () => snapshot,
    problem: problemNow,
    loaded: () => loaded,
    isComplete: () => loaded && snapshot.opaque.length === 0,
    load,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    blocked(kind) {
      if (kind !== 'Vmhost' || loaded) return undefined;
      return condition(READY, 'Unknown', 'ManifestsUnread', problemNow() ?? 'the manifests are being read');
    },
    notes: (ref) => manifestNotes(snapshot, problemNow(), ref),
    dispose: () => dangling.dispose(),
  };
}

function countFiles(snapshot: Snapshot): { ok: number; invalid: string[] } {
  const bad = new Set(snapshot.errors.map(({ file }) => file));
  const paths = [...snapshot.files.keys()];
  const invalid = paths.filter((path) => bad.has(path));
  return { ok: paths.length - invalid.length, invalid };
}

function reportErrors(log: Logger, before: readonly ManifestError[], after: readonly ManifestError[]): void {
  const known = new Set(before.map(formatError));
  for (const error of after) {
    const text = formatError(error);
    if (!known.has(text))
      log.warn({ file: error.file, line: error.line, code: error.code, why: text }, 'manifest error');
  }
}

/** What a file that was not written again names is in the store already. */
function storeObjects({ store, log, removals }: ManifestsDeps, before: Snapshot, after: Snapshot): void {
  const local = store.all().filter((object) => !isElsewhere(object));
  const stored = local.map(({ kind, metadata }) => refName({ kind, name: metadata.name }));
  const known = new Set(before.objects);
  for (const object of after.objects) {
    const { kind, name, labels, annotations, spec, hash, origin } = object;
    const current = store.get(kind, name);
    if (known.has(object) && current !== undefined) continue;
    const moves = current !== undefined && isElsewhere(current) !== isElsewhere(object);
    // What was made of it here is let go of first.
    if (moves && isElsewhere(object)) continue;
    if (moves) store.remove(kind, name);
    const { result } = store.apply(kind, { name, labels, annotations, spec, hash, origin });
    if (result !== 'unchanged' && !isElsewhere(object)) log.info({ kind, name, result }, 'manifest loaded');
  }
  forgetElsewhere(store, after);
  removals.settle(namedIn(after), new Set(stored));
}

/** Of what others have, nothing is left to do. */
function forgetElsewhere(store: ObjectStore, after: Snapshot): void {
  const named = namedObjects(after);
  for (const object of store.all()) {
    const { kind, metadata } = object;
    if (kind === 'Vmhost' || !isElsewhere(object)) continue;
    if (!named.has(refName({ kind, name: metadata.name }))) store.remove(kind, metadata.name);
  }
}

function namedIn({ objects, invalid, opaque, share }: Snapshot): Named {
  if (share === undefined) return { refs: namedObjects({ objects, invalid }), opaque };
  const { here, released, disputed, taken } = share;
  return { refs: new Set([...here, ...invalid.keys()]), opaque, released, disputed, taken };
}
