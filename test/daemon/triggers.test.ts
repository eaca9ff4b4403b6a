import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { condition, mergeConditions } from '../../src/api/conditions.ts';
import { KINDS } from '../../src/api/kinds/list.ts';
import type { LiveEntry } from '../../src/api/ipam/entry.ts';
import type { Condition, Kind } from '../../src/api/meta.ts';
import { enqueueAll, enqueueRemoved, startTriggers } from '../../src/daemon/triggers.ts';
import { createBed, type Bed } from '../controllers/bed.ts';

/** Vmhosts, Networks, Images and Nodes of a lab, and what a change enqueues. */
function createLab(): { bed: Bed; after: (change: () => void) => string[] } {
  const bed = createBed();
  bed.apply('Network', 'k8s-net');
  bed.apply('Network', 'storage');
  bed.apply('Image', 'debian');
  bed.apply('Node', 'a', { networks: [{ network: 'k8s-net' }, { network: 'storage' }] });
  bed.apply('Node', 'b');
  bed.apply('Node', 'clone', { disk: { cloneOf: 'b' } });
  let queued: string[] = [];
  startTriggers(KINDS, bed.store, (kind, name) => queued.push(`${kind}/${name}`));
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
    startTriggers(KINDS, bed.store, (kind, _name, delayMs) => {
      if (kind === 'LoadBalancer') delays.push(delayMs);
    });

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
    ["a Node's memory concerns the Node alone", (bed) => bed.apply('Node', 'b', { cpus: 2 }), ['Node/b']],
    [
      "a Node's role concerns its network and what names the guests",
      (bed) => bed.apply('Node', 'b', { role: 'worker' }),
      ['Network/k8s-net', 'Node/b', 'Vmhost/vmhost'],
    ],
    [
      'the network of a Node concerns the one it leaves too',
      (bed) => bed.apply('Node', 'a', { networks: [{ network: 'storage' }] }),
      ['Network/k8s-net', 'Network/storage', 'Node/a', 'Vmhost/vmhost'],
    ],
    [
      'whether a Node can be cloned concerns its clones',
      (bed) => tell(bed, 'Node', 'b', { disk: '/d' }),
      ['Node/clone'],
    ],
    ["a Node's progress concerns nobody", (bed) => tell(bed, 'Node', 'b', { address: '192.168.111.9' }), []],
    [
      'a Node that goes concerns its networks, its image, its clones and what names the guests',
      (bed) => bed.store.remove('Node', 'b'),
      ['Image/debian', 'Network/k8s-net', 'Node/clone', 'Vmhost/vmhost'],
    ],
    [
      "a Network's MTU concerns the Network alone",
      (bed) => bed.apply('Network', 'storage', { mtu: 1400 }),
      ['Network/storage'],
    ],
    [
      "a Network's bridge concerns the Nodes on it",
      (bed) => tell(bed, 'Network', 'k8s-net', { bridge: 'x' }),
      ['Node/a', 'Node/b', 'Node/clone'],
    ],
    [
      'the reservation of one Node concerns that Node, and no other one on the network',
      (bed) => tell(bed, 'Network', 'k8s-net', { entries: [entry('b', 9)] }),
      ['Node/b', 'Vmhost/vmhost'],
    ],
    [
      "an Image's path concerns the Nodes that start from it",
      (bed) => tell(bed, 'Image', 'debian', { path: '/i' }),
      ['Node/a', 'Node/b'],
    ],
    [
      'the progress of a download concerns nobody',
      (bed) => tell(bed, 'Image', 'debian', { conditions: [notReady('4 %')] }),
      [],
    ],
    [
      "the Vmhost's architecture concerns all Nodes",
      (bed) => tell(bed, 'Vmhost', 'vmhost', { arch: 'x' }),
      ['Node/a', 'Node/b', 'Node/clone'],
    ],
    [
      'a new Node concerns itself, its network, its image and what names the guests',
      (bed) => bed.apply('Node', 'new'),
      ['Image/debian', 'Network/k8s-net', 'Node/new', 'Vmhost/vmhost'],
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

describe('what an earlier run made and no manifest names', () => {
  function orphan(bed: Bed, kind: 'Node' | 'Network', name: string): void {
    const { spec } = bed.object(kind, name);
    bed.store.apply(kind, { name, spec: spec, hash: '', origin: { orphan: true } });
  }

  it('concerns all that read it when a manifest takes it back as it is', () => {
    const { bed, after } = createLab();
    bed.apply('LoadBalancer', 'api');
    orphan(bed, 'Node', 'b');

    assert.deepEqual(
      after(() => {
        bed.apply('Node', 'b');
      }),
      ['LoadBalancer/api', 'Network/k8s-net', 'Node/b', 'Node/clone', 'Vmhost/vmhost'],
    );
  });

  it('is looked at when a domain that may use it goes, and no other Network is', () => {
    const { bed } = createLab();
    orphan(bed, 'Network', 'storage');
    const queued: string[] = [];

    enqueueRemoved(bed.store, (kind, name) => queued.push(`${kind}/${name}`));

    assert.deepEqual(queued, ['Network/storage']);
  });
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

/** A status like the one before, with some fields of its own. */
function tell(bed: Bed, kind: Kind, name: string, fields: Record<string, unknown>): void {
  const { metadata, status } = bed.object(kind, name);
  bed.store.updateStatus(kind, name, metadata.uid, { ...status, ...fields });
}

function entry(node: string, last: number): LiveEntry {
  return { node, mac: `52:54:00:00:00:0${last}`, ip: `192.168.111.${last}`, hostnames: [node], live: true };
}

function notReady(message: string): Condition {
  const [found] = mergeConditions(
    [],
    [condition('Ready', 'False', 'Downloading', message)],
    '2026-01-01T00:00:00Z',
    1,
  );
  assert.ok(found);
  return found;
}
