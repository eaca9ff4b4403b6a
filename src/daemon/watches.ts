import { isTrue, READY } from '../api/conditions.ts';
import type { ObjectStore } from '../controllers/objects.ts';
import type { LibvirtEvent } from '../drivers/libvirt.ts';
import type { Logger } from '../engine/logger.ts';
import type { Releasers } from '../engine/releasers.ts';
import type { Manifests } from './manifests.ts';
import { enqueueAll, type Enqueue } from './triggers.ts';
import type { Drivers } from './wiring.ts';

export interface WatchDeps {
  readonly drivers: Drivers;
  readonly store: ObjectStore;
  readonly enqueue: Enqueue;
  readonly manifests: Manifests;
  readonly log: Logger;
}

/** Files, libvirt and dnsmasq; all of them only say "look again". */
export function startWatches(deps: WatchDeps, releasers: Releasers): void {
  const { drivers, store, enqueue, manifests, log } = deps;
  const dir = drivers.manifestDir.watch(() => void manifests.load());
  releasers.add('manifest watch', () => dir.dispose());
  const events = drivers.libvirt.events((event) => {
    drivers.domains.invalidate();
    log.debug({ event }, 'libvirt event');
    if (event.kind === 'lost') enqueueAll(store, enqueue);
    else enqueueNamed(event);
  });
  function enqueueNamed({ kind, name }: Exclude<LibvirtEvent, { kind: 'lost' }>): void {
    const concerned = kind === 'domain' ? 'Node' : 'Network';
    if (store.get(concerned, name) !== undefined) enqueue(concerned, name);
  }
  releasers.add('libvirt events', () => events.dispose());
  const dnsmasq = drivers.dnsmasq.watch(() => {
    for (const { metadata } of store.list('Network')) enqueue('Network', metadata.name);
    for (const { metadata, status } of store.list('Node')) {
      if (!isTrue(status.conditions, READY)) enqueue('Node', metadata.name);
    }
  });
  releasers.add('dnsmasq watch', () => dnsmasq.dispose());
}
