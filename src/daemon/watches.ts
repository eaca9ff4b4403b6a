import { isTrue, READY } from '../api/conditions.ts';
import type { ObjectStore } from '../controllers/objects.ts';
import type { Source, SourceState } from '../engine/source.ts';
import type { Releasers } from '../engine/releasers.ts';
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
  const libvirt = drivers.libvirtCache.watch((change) => {
    enqueueRemoved(store, enqueue);
    if (change.kind === 'all') {
      enqueueAll(store, enqueue);
      return;
    }
    const concerned = change.kind === 'domain' ? 'Node' : 'Network';
    if (store.get(concerned, change.name) !== undefined) enqueue(concerned, change.name);
  });
  releasers.add('libvirt watch', () => libvirt.dispose());
  const dnsmasq = drivers.dnsmasq.watch(() => {
    for (const { metadata } of store.list('Network')) enqueue('Network', metadata.name);
    for (const { metadata, status } of store.list('Node')) {
      if (!isTrue(status.conditions, READY)) enqueue('Node', metadata.name);
    }
  });
  releasers.add('dnsmasq watch', () => dnsmasq.dispose());
}
