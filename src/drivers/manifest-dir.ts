import type { ManifestListing } from '../api/manifest/snapshot.ts';
import { createLister } from './manifest-dir/list.ts';
import type { ListOptions } from './manifest-dir/list.ts';
import { createSuspects } from './manifest-dir/suspects.ts';
import { MAX_MANIFEST_BYTES } from './manifest-dir/read.ts';
import { watchDir } from './manifest-dir/watch.ts';
import type { HintCause } from './manifest-dir/watch.ts';

export type { HintCause } from './manifest-dir/watch.ts';

export interface ManifestDirOptions extends Partial<Omit<ListOptions, 'path' | 'isManifest' | 'suspects'>> {
  path: string;
  /** Whether a file of this name is a manifest. */
  isManifest: (name: string) => boolean;
  /** Milliseconds without a change of a file until it counts, and until a hint is given. */
  debounceMs?: number;
  /** Milliseconds without a file until it is gone. */
  goneMs?: number;
  /** Milliseconds between hints that come of themselves; three times that where every change is told. */
  relistMs?: number;
}

export interface ManifestDir {
  /**
   * What the directory and its folders hold. Files that were written within debounceMs are waited for, twice at most,
   * and then are unsettled; those that are gone are waited for for goneMs. While it is watched, only files that may have
   * changed are looked at. Reasons: DirectoryUnavailable and NotTrusted, which say nothing about its files.
   */
  list(): Promise<ManifestListing>;
  /** Calls `onHint` when the directory may have changed, and now and then. */
  watch(onHint: (cause: HintCause) => void): { dispose(): Promise<void> };
}

/** Makes the source of manifests that is a directory. */
export function createManifestDir(options: ManifestDirOptions): ManifestDir {
  const { path, isManifest, debounceMs = 200, relistMs = 20_000, maxBytes = MAX_MANIFEST_BYTES } = options;
  const { goneMs = 1000, now = Date.now, delay = wait } = options;
  const suspects = createSuspects();
  return {
    list: createLister({ path, isManifest, debounceMs, goneMs, maxBytes, now, delay, suspects }),
    watch: (onHint) => watchDir({ path, isManifest, debounceMs, relistMs, suspects, onHint }),
  };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
