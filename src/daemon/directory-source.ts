import { emptySnapshot, nextSnapshot, type Snapshot } from '../api/manifest/snapshot.ts';
import type { ManifestDir } from '../drivers/manifest-dir.ts';
import type { Source } from '../engine/source.ts';

/** A directory of manifests: of a file that is broken the last good text counts. */
export function createDirectorySource(dir: ManifestDir): Source<Snapshot> {
  let snapshot = emptySnapshot;
  return {
    async list() {
      snapshot = nextSnapshot(snapshot, await dir.list());
      return snapshot;
    },
    watch: (onHint) => dir.watch(() => onHint()),
  };
}
