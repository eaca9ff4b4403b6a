import { explainError, ReasonedError, reasonOf } from '../api/errors.ts';
import { formatError } from '../api/manifest/format.ts';
import { emptySnapshot, type Snapshot } from '../api/manifest/snapshot.ts';
import type { ManifestError } from '../api/manifest/types.ts';
import { refName } from '../api/meta.ts';
import type { ObjectStore } from '../controllers/objects.ts';
import type { Logger } from '../engine/logger.ts';
import type { RemovalRule, Source } from '../engine/source.ts';
import { stackOf } from '../engine/stack.ts';
import type { Metrics } from '../engine/metrics.ts';

export interface ManifestsDeps {
  readonly source: Source<Snapshot>;
  readonly store: ObjectStore;
  readonly metrics: Pick<Metrics, 'setManifestFiles'>;
  readonly log: Logger;
  readonly removals: RemovalRule;
  /** A new snapshot is in the store. */
  readonly onLoaded: (before: Snapshot, after: Snapshot) => void;
}

export interface Manifests {
  /** The last complete one; empty before the first. */
  snapshot(): Snapshot;
  /** What keeps the source from being read, or what it holds from being taken in; undefined: nothing. */
  problem(): string | undefined;
  /** Whether the source was read whole once. */
  loaded(): boolean;
  /** Reads the source now. Loads never overlap; a call during one leads to one more. Never rejects. */
  load(): Promise<void>;
  /** Calls `listener` after each load. @returns unsubscribe */
  subscribe(listener: () => void): () => void;
}

/** source -> snapshot -> store. A source that cannot be read changes nothing. */
export function createManifests(deps: ManifestsDeps): Manifests {
  let snapshot = emptySnapshot;
  /** Why the directory cannot be read. */
  let unreadable: string | undefined;
  /** Why what it holds could not be taken in. */
  let failed: string | undefined;
  let loaded = false;
  let loading: Promise<void> | undefined;
  let requested = 0;
  const listeners = new Set<() => void>();

  /** Whatever a manifest brings about, the daemon goes on with the last good ones. */
  async function loadOnce(): Promise<void> {
    try {
      const after = await list();
      if (after === undefined) return;
      const before = snapshot;
      reportErrors(deps.log, before.errors, after.errors);
      deps.metrics.setManifestFiles(countFiles(after));
      storeObjects(deps, after);
      snapshot = after;
      loaded = true;
      deps.onLoaded(before, after);
      failed = undefined;
    } catch (error) {
      const why = `cannot take in the manifests: ${explainError(error)}`;
      if (why !== failed) deps.log.error({ why, stack: stackOf(error) }, 'a load of the manifests failed');
      failed = why;
    } finally {
      for (const listener of listeners) listener();
    }
  }

  async function list(): Promise<Snapshot | undefined> {
    try {
      const listed = await deps.source.list();
      if (unreadable !== undefined) deps.log.info({}, 'the manifest directory can be read again');
      unreadable = undefined;
      return listed;
    } catch (error) {
      // What nobody meant to be thrown is no news of the directory.
      if (!(error instanceof ReasonedError)) throw error;
      const why = explainError(error);
      if (why !== unreadable)
        deps.log.error(
          { reason: reasonOf(error), why },
          'cannot read the manifest directory; nothing is changed',
        );
      unreadable = why;
      return undefined;
    }
  }

  async function loadUntilQuiet(): Promise<void> {
    let served: number;
    do {
      served = requested;
      await loadOnce();
    } while (served < requested);
  }

  return {
    snapshot: () => snapshot,
    problem: () => unreadable ?? failed,
    loaded: () => loaded,
    load() {
      requested += 1;
      loading ??= loadUntilQuiet().finally(() => {
        loading = undefined;
      });
      return loading;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function countFiles(snapshot: Snapshot): { ok: number; invalid: number } {
  const bad = new Set(snapshot.errors.map(({ file }) => file));
  const paths = [...snapshot.files.keys()];
  const invalid = paths.filter((path) => bad.has(path)).length;
  return { ok: paths.length - invalid, invalid };
}

function reportErrors(log: Logger, before: readonly ManifestError[], after: readonly ManifestError[]): void {
  const known = new Set(before.map(formatError));
  for (const error of after) {
    const text = formatError(error);
    if (!known.has(text))
      log.warn({ file: error.file, line: error.line, code: error.code, why: text }, 'manifest error');
  }
}

function storeObjects({ store, log, removals }: ManifestsDeps, snapshot: Snapshot): void {
  const before = store.all().map(({ kind, metadata }) => refName({ kind, name: metadata.name }));
  for (const { kind, name, labels, annotations, spec, hash } of snapshot.objects) {
    const { result } = store.apply(kind, { name, labels, annotations, spec, hash });
    if (result !== 'unchanged') log.info({ kind, name, result }, 'manifest loaded');
  }
  // A file that was never good may name any object: nothing is known to be gone.
  const named = snapshot.complete ? new Set(snapshot.objects.map(refName)) : undefined;
  removals.settle(named, new Set(before));
}
