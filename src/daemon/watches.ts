import { ownVmhost, type ObjectStore } from '../controllers/objects.ts';
import type { LibvirtChange } from '../drivers/libvirt.ts';
import type { Source, SourceState } from '../engine/source.ts';
import type { Releasers } from '../engine/releasers.ts';
import { enqueueLeases } from './lease-triggers.ts';
import type { Manifests } from './manifests.ts';
import { enqueueAll, enqueueRemoved, type Enqueue } from './triggers.ts';
import type { Drivers } from './wiring.ts';

export interface WatchDeps {
  readonly drivers: Drivers;
  readonly store: ObjectStore;
  readonly enqueue: Enqueue;
  readonly source: Source<SourceState>;
  readonly manifests: Pick<Manifests, 'load'>;
}

/** Files, libvirt and dnsmasq; all of them only say "look again". */
export function startWatches(deps: WatchDeps, releasers: Releasers): void {
  const { drivers, store, enqueue, source, manifests } = deps;
  const hints = source.watch(() => void manifests.load());
  releasers.add('manifest watch', () => hints.dispose());
  const libvirt = drivers.libvirtCache.watch((change) => enqueueConcerned(deps, change));
  releasers.add('libvirt watch', () => libvirt.dispose());
  const dnsmasq = drivers.dnsmasq.watch((change) => {
    switch (change.kind) {
      case 'leases':
        enqueueLeases(store, change, enqueue);
        return;
      case 'definition':
        drivers.libvirtCache.suspect({ kind: 'network', name: change.network });
        return;
      case 'hostFiles':
      case 'ended':
        if (store.get('Network', change.network) !== undefined) enqueue('Network', change.network);
        return;
      case 'all':
        for (const kind of ['Network', 'Node'] as const) {
          for (const { metadata } of store.list(kind)) enqueue(kind, metadata.name);
        }
    }
  });
  releasers.add('dnsmasq watch', () => dnsmasq.dispose());
}

function enqueueConcerned({ store, enqueue }: WatchDeps, change: LibvirtChange): void {
  if (change.kind === 'host') {
    const vmhost = ownVmhost(store);
    if (vmhost !== undefined) enqueue('Vmhost', vmhost.metadata.name);
    return;
  }
  enqueueRemoved(store, enqueue);
  if (change.kind === 'all') {
    enqueueAll(store, enqueue);
    return;
  }
  const concerned = change.kind === 'domain' ? 'Node' : 'Network';
  if (store.get(concerned, change.name) !== undefined) enqueue(concerned, change.name);
}
