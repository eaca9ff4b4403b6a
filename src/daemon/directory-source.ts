import { emptySnapshot, snapshotSteps, type Snapshot } from '../api/manifest/snapshot.ts';
import type { ManifestDir } from '../drivers/manifest-dir.ts';
import type { Clock } from '../engine/clock.ts';
import { runInSlices } from '../engine/slices.ts';
import type { Source } from '../engine/source.ts';

/** A directory of manifests: of a file that is broken the last good text counts. */
export function createDirectorySource(dir: ManifestDir, clock: Pick<Clock, 'monotonic'>): Source<Snapshot> {
  let snapshot = emptySnapshot;
  return {
    async list() {
      snapshot = await runInSlices(snapshotSteps(snapshot, await dir.list()), clock);
      return snapshot;
    },
    watch: (onHint) => dir.watch(() => onHint()),
  };
}
