import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KindMap } from '../../../src/api/meta.ts';
import { createHoldings } from '../../../src/daemon/api-server/holdings.ts';
import { statusManager } from '../../../src/daemon/api-server/publisher.ts';
import { vmhostFinalizer } from '../../../src/daemon/api-server/snapshot.ts';
import { SCHEDULER_MANAGER } from '../../../src/daemon/api-server/writer.ts';
import { createStore } from '../../../src/engine/store.ts';
import { createFakeClock } from '../../engine/fake-clock.ts';
import { createFakeApiServer, type FakeApiServer } from '../../kube/fake.ts';

const REF = { kind: 'Node', name: 'a' } as const;
const HELD = {
  ...{ type: 'RemovalHeld', status: 'True', reason: 'Held', message: '' },
  lastTransitionTime: '2026-01-01T00:00:00Z',
};

describe('a Node that its vmhost does not have any more', () => {
  async function letGo(bound: string): Promise<FakeApiServer> {
    const server = createFakeApiServer();
    server.create({ kind: 'Node', metadata: { name: 'a' } });
    server.applyStatus(REF, { vmhost: bound }, { manager: SCHEDULER_MANAGER });
    server.applyStatus(REF, { state: 'running', conditions: [HELD] }, { manager: statusManager('v1') });
    server.setFinalizer(REF, vmhostFinalizer('v1'), true);
    const look = createHoldings({
      ...{
        store: createStore<KindMap>({ clock: createFakeClock() }),
        vmhost: 'v1',
        kube: server.client('v1'),
      },
      served: (ref) => server.get(ref),
      share: () => ({ here: new Set(), released: new Set(['Node/a']) }) as never,
      surveyed: () => true,
      now: () => '2026-01-01T00:00:00Z',
    });

    for (let pass = 0; pass < 3; pass++) await look('Node/a', undefined as never);
    assert.deepEqual(server.get(REF)?.metadata.finalizers ?? [], []);
    return server;
  }

  it('is bound nowhere, and nothing is said of it any more, also where an earlier run of the daemon had said it', async () => {
    const server = await letGo('v1');

    assert.deepEqual(server.get(REF)?.status ?? {}, {});
  });

  it('and that is bound to another one, is let go of without a word: it is not to write its status', async () => {
    const server = await letGo('v2');

    const written = server.calls.filter(({ verb }) => verb === 'apply-status');
    assert.deepEqual(written, []);
  });
});
