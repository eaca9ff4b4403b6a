import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { condition, mergeConditions } from '../../src/api/conditions.ts';
import type { Condition } from '../../src/api/meta.ts';
import { enqueueAll, enqueueDependents } from '../../src/daemon/triggers.ts';
import { createBed, type Bed } from '../controllers/bed.ts';

/** Hosts, Networks, Images and Nodes of a lab, and what a change enqueues. */
function createLab(): { bed: Bed; after: (change: () => void) => string[] } {
  const bed = createBed();
  bed.apply('Network', 'k8s-net');
  bed.apply('Network', 'storage');
  bed.apply('Image', 'debian');
  bed.apply('Node', 'a', { networks: [{ network: 'k8s-net' }, { network: 'storage' }] });
  bed.apply('Node', 'b');
  bed.apply('Node', 'clone', { disk: { cloneOf: 'b' } });
  let queued: string[] = [];
  bed.store.subscribe((change) =>
    enqueueDependents(bed.store, change, (kind, name) => queued.push(`${kind}/${name}`)),
  );
  return {
    bed,
    after(change) {
      queued = [];
      change();
      return [...new Set(queued)].sort();
    },
  };
}

describe('what is behind a LoadBalancer', () => {
  function updateNode(bed: Bed, fields: Record<string, unknown>): void {
    const { metadata, status } = bed.object('Node', 'b');
    bed.store.updateStatus('Node', 'b', metadata.uid, { ...status, ...fields });
  }

  const cases: readonly [what: string, change: (bed: Bed) => void, queued: boolean][] = [
    ['a Node that goes', (bed) => bed.store.remove('Node', 'b'), true],
    ["a Node's role", (bed) => bed.apply('Node', 'b', { role: 'master' }), true],
    ["a Node's address", (bed) => updateNode(bed, { address: '192.168.111.9' }), true],
    ['a Node that is Ready', (bed) => updateNode(bed, { conditions: [readyNow()] }), true],
    ["a Node's disk", (bed) => updateNode(bed, { disk: '/x' }), false],
    ['an Image', (bed) => bed.apply('Image', 'debian', { source: '/y' }), false],
  ];
  for (const [what, change, queued] of cases) {
    it(`${queued ? 'is' : 'is not'} ${what}`, () => {
      const { bed, after } = createLab();
      bed.apply('LoadBalancer', 'api');

      assert.equal(after(() => change(bed)).includes('LoadBalancer/api'), queued);
    });
  }

  it('is looked at a little later, so that Nodes which move together cost one reload', () => {
    const { bed } = createLab();
    bed.apply('LoadBalancer', 'api');
    const delays: (number | undefined)[] = [];
    bed.store.subscribe((change) =>
      enqueueDependents(bed.store, change, (kind, _name, delayMs) => {
        if (kind === 'LoadBalancer') delays.push(delayMs);
      }),
    );

    bed.apply('Node', 'b', { role: 'master' });
    bed.apply('LoadBalancer', 'api', { retries: 1 });

    assert.deepEqual(delays, [300, undefined]);
  });
});

function readyNow(): Condition {
  const [ready] = mergeConditions([], [condition('Ready', 'True', 'Ready')], '2026-01-01T00:00:00Z', 1);
  assert.ok(ready);
  return ready;
}

describe('a change of', () => {
  const cases: readonly [what: string, change: (bed: Bed) => void, queued: string[]][] = [
    [
      "a Node's spec concerns itself, its networks, its clones and the Host",
      (bed) => bed.apply('Node', 'b', { cpus: 2 }),
      ['Host/vmhost', 'Network/k8s-net', 'Node/b', 'Node/clone'],
    ],
    [
      'the network of a Node concerns the one it leaves too',
      (bed) => bed.apply('Node', 'a', { networks: [{ network: 'storage' }] }),
      ['Host/vmhost', 'Network/k8s-net', 'Network/storage', 'Node/a'],
    ],
    [
      "a Node's status concerns its clones and the Host, and not its networks",
      (bed) =>
        bed.store.updateStatus('Node', 'b', bed.object('Node', 'b').metadata.uid, {
          conditions: [],
          state: 'running',
        }),
      ['Host/vmhost', 'Node/clone'],
    ],
    [
      'a Node that goes concerns its networks, and itself no more',
      (bed) => bed.store.remove('Node', 'b'),
      ['Host/vmhost', 'Network/k8s-net', 'Node/clone'],
    ],
    [
      'a Network concerns itself, the Nodes on it and the Host',
      (bed) => bed.apply('Network', 'storage', { mtu: 1400 }),
      ['Host/vmhost', 'Network/storage', 'Node/a'],
    ],
    [
      "a Network's status concerns the Nodes on it and the Host",
      (bed) =>
        bed.store.updateStatus('Network', 'k8s-net', bed.object('Network', 'k8s-net').metadata.uid, {
          conditions: [],
          bridge: 'x',
        }),
      ['Host/vmhost', 'Node/a', 'Node/b', 'Node/clone'],
    ],
    [
      "an Image's status concerns the Nodes that start from it",
      (bed) =>
        bed.store.updateStatus('Image', 'debian', bed.object('Image', 'debian').metadata.uid, {
          conditions: [],
          path: '/i',
        }),
      ['Node/a', 'Node/b'],
    ],
    [
      "the Host's status concerns all Nodes",
      (bed) =>
        bed.store.updateStatus('Host', 'vmhost', bed.object('Host', 'vmhost').metadata.uid, {
          conditions: [],
          arch: 'x',
        }),
      ['Node/a', 'Node/b', 'Node/clone'],
    ],
    [
      'a new Node concerns itself and its network',
      (bed) => bed.apply('Node', 'new'),
      ['Host/vmhost', 'Network/k8s-net', 'Node/new'],
    ],
    ['nothing concerns nobody', (bed) => bed.apply('Node', 'b'), []],
  ];

  for (const [what, change, queued] of cases) {
    it(what, () => {
      const { bed, after } = createLab();

      assert.deepEqual(
        after(() => {
          change(bed);
        }),
        queued,
      );
    });
  }
});

it('E92: looking at everything again leaves nothing out', () => {
  const { bed } = createLab();
  const queued: string[] = [];

  enqueueAll(bed.store, (kind, name) => queued.push(`${kind}/${name}`));

  assert.deepEqual(
    queued,
    bed.store.all().map(({ kind, metadata }) => `${kind}/${metadata.name}`),
  );
});

describe('a guest that is Ready again', () => {
  it('lets those look that wait for their turn, and only those', () => {
    const { bed, after } = createLab();
    const tell = (name: string, status: 'True' | 'False', reason: string): void => {
      const found = mergeConditions([], [condition('Ready', status, reason)], '2026-01-01T00:00:00Z', 1);
      bed.store.updateStatus('Node', name, bed.object('Node', name).metadata.uid, { conditions: found });
    };
    tell('clone', 'False', 'RolloutWaiting');
    tell('b', 'False', 'OtherAddress');

    assert.ok(!after(() => tell('a', 'False', 'NoLease')).includes('Node/clone'));
    const queued = after(() => tell('a', 'True', 'Ready'));

    assert.deepEqual(
      queued.filter((key) => key.startsWith('Node/')),
      ['Node/clone'],
    );
  });
});
