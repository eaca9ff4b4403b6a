import type { DaemonConfig } from '../api/daemon-config.ts';
import { ReasonedError } from '../api/errors.ts';
import { KINDS } from '../api/kinds/list.ts';
import { namedObjects } from '../api/manifest/snapshot.ts';
import { exportManifests, type Exported } from '../api/placement/export.ts';
import type { ObjectStore } from '../controllers/objects.ts';
import { sharedName } from './vmhost-name.ts';
import type { Manifests } from './manifests.ts';

export interface ExportDeps {
  readonly config: Pick<DaemonConfig, 'source'>;
  readonly store: ObjectStore;
  readonly manifests: Pick<Manifests, 'snapshot' | 'loaded' | 'problem'>;
}

/**
 * What this vmhost has, as manifests.
 * @throws ReasonedError ManifestsUnread, or InvalidConfig where the vmhost has no name for an API server
 */
export function exportVmhost({ config, store, manifests }: ExportDeps): Exported {
  if (!manifests.loaded()) {
    const why = manifests.problem() ?? 'the manifests are being read';
    throw new ReasonedError('ManifestsUnread', `cannot export the objects of this vmhost: ${why}`);
  }
  const snapshot = manifests.snapshot();
  return exportManifests({
    ...snapshot,
    vmhost: sharedName(config),
    kinds: KINDS,
    objects: store.all(),
    wanted: snapshot.share?.here ?? namedObjects(snapshot),
  });
}
