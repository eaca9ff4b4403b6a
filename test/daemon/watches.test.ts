import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Drivers } from '../../src/daemon/wiring.ts';
import type { Source, SourceState } from '../../src/engine/source.ts';
import type { Manifests } from '../../src/daemon/manifests.ts';
import { startWatches } from '../../src/daemon/watches.ts';
import type { LibvirtChange } from '../../src/drivers/libvirt.ts';
import { createReleasers } from '../../src/engine/releasers.ts';
import { createBed } from '../controllers/bed.ts';

/** Watches over a lab of one Network, one Image and two Nodes. */
function watch(): { said: (change: LibvirtChange) => string[]; loads: () => number; changed: () => void } {
  const bed = createBed();
  bed.apply('Network', 'k8s-net');
  bed.apply('Image', 'debian');
  for (const name of ['a', 'b']) bed.apply('Node', name);
  const { store } = bed;
  let tell: (change: LibvirtChange) => void = () => undefined;
  let changed = (): void => undefined;
  let loads = 0;
  const queued: string[] = [];
  const watching = { dispose: () => Promise.resolve() };
  const drivers = {
    libvirtCache: { watch: (listener: typeof tell) => ((tell = listener), watching) },
    dnsmasq: { watch: () => watching },
  } as unknown as Drivers;
  const manifests = { load: () => Promise.resolve((loads += 1)) } as unknown as Manifests;
  const enqueue = (kind: string, name: string): void => void queued.push(`${kind}/${name}`);
  const source: Source<SourceState> = {
    list: () => Promise.reject(new Error('not asked')),
    watch: (hint) => ((changed = hint), { dispose: () => Promise.resolve() }),
  };
  startWatches({ drivers, store, enqueue, source, manifests }, createReleasers());
  return {
    said(change) {
      queued.length = 0;
      tell(change);
      return [...queued].sort();
    },
    loads: () => loads,
    changed: () => changed(),
  };
}

describe('what is heard', () => {
  it('E92: again after a gap means that everything is looked at', () => {
    const all = ['Image/debian', 'Network/k8s-net', 'Node/a', 'Node/b', 'Vmhost/vmhost'];

    assert.deepEqual(watch().said({ kind: 'all' }), all);
  });

  it('of one guest or network means that it alone is looked at, and nothing for those of others', () => {
    const { said } = watch();

    assert.deepEqual(said({ kind: 'domain', name: 'a' }), ['Node/a']);
    assert.deepEqual(said({ kind: 'network', name: 'k8s-net' }), ['Network/k8s-net']);
    assert.deepEqual(said({ kind: 'domain', name: 'stranger' }), []);
  });

  it('of libvirt itself means that the vmhost is looked at, and nothing else', () => {
    assert.deepEqual(watch().said({ kind: 'host' }), ['Vmhost/vmhost']);
  });

  it('of the manifests means that they are listed again', () => {
    const { loads, changed } = watch();

    changed();

    assert.equal(loads(), 1);
  });
});
