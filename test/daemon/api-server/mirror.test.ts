import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KindMap } from '../../../src/api/meta.ts';
import type { KnownObjects } from '../../../src/daemon/api-server/known.ts';
import { createMirror } from '../../../src/daemon/api-server/mirror.ts';
import type { KubeObject } from '../../../src/drivers/kube.ts';
import { createStore } from '../../../src/engine/store.ts';
import { createFakeClock } from '../../engine/fake-clock.ts';

function vmhost(name: string, address: string): KubeObject {
  const metadata = { name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
  return { apiVersion: 'k8slab.io/v1alpha1', kind: 'Vmhost', metadata, status: { addresses: [address] } };
}

function knowing(...vmhosts: readonly KubeObject[]): KnownObjects {
  return (kind) => new Map(kind === 'Vmhost' ? vmhosts.map((each) => [each.metadata.name, each]) : []);
}

describe('what the store says of other vmhosts', () => {
  const clock = createFakeClock();
  const store = createStore<KindMap>({ clock });
  let known: KnownObjects | undefined = knowing(vmhost('v1', '10.0.0.1'), vmhost('v2', '10.0.0.2'));
  const mirror = createMirror({ store, vmhost: 'v1', known: () => known, clock });
  const sync = (): unknown[] => {
    for (const name of ['v1', 'v2']) mirror.sync({ kind: 'Vmhost', name });
    return store
      .list('Vmhost')
      .map(({ metadata, origin, status }) => [metadata.name, origin?.elsewhere?.vmhost, status.addresses]);
  };

  it('is what the API server says of them; of itself the vmhost knows better', () => {
    assert.deepEqual(sync(), [
      ['v1', undefined, undefined],
      ['v2', 'v2', ['10.0.0.2']],
    ]);
  });

  it('follows once for all that changes within two seconds, where that may wait', async () => {
    let told = 0;
    const unsubscribe = store.subscribe(() => (told += 1));
    for (const end of [3, 4, 5]) {
      known = knowing(vmhost('v1', '10.0.0.1'), vmhost('v2', `10.0.0.${end}`));
      mirror.syncLater({ kind: 'Vmhost', name: 'v2' });
      await clock.advance(600);
    }
    assert.equal(told, 0);

    await clock.advance(200);

    unsubscribe();
    assert.deepEqual(store.get('Vmhost', 'v2')?.status.addresses, ['10.0.0.5']);
    assert.equal(told, 1);
    assert.equal(clock.pendingTimers(), 0);
  });

  it('stays as it was while nobody knows, and goes once the API server no longer has it', () => {
    const before = sync();
    known = undefined;
    assert.deepEqual(sync(), before);
    known = knowing(vmhost('v1', '10.0.0.1'));
    assert.deepEqual(
      sync().map((each) => (each as unknown[])[0]),
      ['v1'],
    );
  });
});
