import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { enqueueLeases } from '../../src/daemon/lease-triggers.ts';
import { createBed, type Bed } from '../controllers/bed.ts';

const MAC = { a: '52:54:00:00:00:0a', gone: '52:54:00:00:00:0c', stranger: '52:54:00:00:00:ff' };

/** Two Networks; on the first, Node "a" and one that is gone have entries, and Node "waits" has none yet. */
function createLab(): Bed {
  const bed = createBed();
  for (const [name, bridge, nodes] of [
    ['k8s-net', 'virbr1', ['a', 'gone']],
    ['storage', 'virbr2', []],
  ] as const) {
    bed.apply('Network', name);
    const { metadata, status } = bed.object('Network', name);
    const entries = nodes.map((node, index) => ({
      node,
      mac: MAC[node],
      ip: `192.168.111.${9 + index}`,
      hostnames: [node],
      live: true,
    }));
    bed.store.updateStatus('Network', name, metadata.uid, { ...status, bridge, entries });
  }
  bed.apply('Node', 'a');
  bed.apply('Node', 'waits');
  bed.apply('Node', 'other', { networks: [{ network: 'storage' }] });
  return bed;
}

describe('leases that changed', () => {
  function queuedBy(bridge: string, macs: readonly string[], ip: string): string[] {
    const queued: string[] = [];
    enqueueLeases(
      createLab().store,
      { kind: 'leases', bridge, macs: new Set(macs), ips: new Set([ip]) },
      (kind, name) => queued.push(`${kind}/${name}`),
    );
    return queued.sort();
  }

  const cases: readonly [what: string, change: Parameters<typeof queuedBy>, queued: readonly string[]][] = [
    ['of a Node concern it alone', ['virbr1', [MAC.a], '192.168.111.9'], ['Node/a']],
    ['of a Node at any address concern it alone', ['virbr1', [MAC.a], '192.168.111.99'], ['Node/a']],
    ['of a Node that is gone concern nobody', ['virbr1', [MAC.gone], '192.168.111.10'], []],
    [
      'of a stranger concern the Network and the Nodes that wait for an entry there',
      ['virbr1', [MAC.stranger], '192.168.111.99'],
      ['Network/k8s-net', 'Node/waits'],
    ],
    [
      "of a stranger at a Node's address concern that Node too",
      ['virbr1', [MAC.stranger], '192.168.111.9'],
      ['Network/k8s-net', 'Node/a', 'Node/waits'],
    ],
    [
      'of a Node and of a stranger concern all of these',
      ['virbr1', [MAC.a, MAC.stranger], '192.168.111.99'],
      ['Network/k8s-net', 'Node/a', 'Node/waits'],
    ],
    ['on a bridge of no Network concern nobody', ['virbr9', [MAC.a], '192.168.111.9'], []],
  ];
  for (const [what, change, queued] of cases) {
    it(what, () => {
      assert.deepEqual(queuedBy(...change), queued);
    });
  }
});
