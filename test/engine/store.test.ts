import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change, Store } from '../../src/engine/store.ts';
import { uuidOf } from '../../src/api/uuid.ts';
import { createBed, network, node, type Kinds } from './store-bed.ts';

function types(changes: readonly Change<Kinds>[]): string[] {
  return changes.map(
    ({ type, object, specChanged }) => `${type} ${object.metadata.name} ${specChanged ? 'spec' : '-'}`,
  );
}

test('a new object has generation 1, a uid, the time of its creation and no conditions', () => {
  const { store, changes } = createBed();

  const { object, result } = store.apply('Network', { ...network, labels: { tier: 'lab' } });

  assert.equal(result, 'created');
  assert.deepEqual(object, {
    apiVersion: 'k8slab.io/v1alpha1',
    kind: 'Network',
    metadata: {
      name: 'k8s-net',
      labels: { tier: 'lab' },
      uid: uuidOf('Network/k8s-net'),
      generation: 1,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      finalizers: ['k8slab.io/network'],
    },
    spec: { cidr: '192.168.111.0/24' },
    status: { conditions: [] },
  });
  assert.deepEqual(types(changes), ['ADDED k8s-net spec']);
  assert.equal(store.get('Network', 'k8s-net'), object);
});

test('applying the same again changes nothing and tells nobody', async () => {
  const { store, changes, clock } = createBed();
  const first = store.apply('Network', network);
  await clock.advance(5000);

  const second = store.apply('Network', { ...network, labels: {}, spec: { ...network.spec } });

  assert.deepEqual(second, { object: first.object, result: 'unchanged' });
  assert.equal(second.object, first.object);
  assert.equal(changes.length, 1);
});

test('another hash raises the generation and keeps uid, creation time and status', async () => {
  const { store, changes, clock } = createBed();
  const { object: before } = store.apply('Network', network);
  store.updateStatus('Network', 'k8s-net', before.metadata.uid, { conditions: [], bridge: 'virbr1' });
  await clock.advance(5000);

  const { object, result } = store.apply('Network', {
    ...network,
    spec: { cidr: '10.0.0.0/24' },
    hash: 'h2',
  });

  assert.equal(result, 'configured');
  assert.deepEqual(object.metadata, { ...before.metadata, generation: 2, resourceVersion: '3' });
  assert.equal(object.status.bridge, 'virbr1');
  assert.equal(object.spec.cidr, '10.0.0.0/24');
  assert.equal(changes.at(-1)?.specChanged, true);
});

test('where an object comes from is no annotation: another origin alone tells the listeners', () => {
  const { store, changes } = createBed();
  store.apply('Network', network);

  const orphan = store.apply('Network', { ...network, origin: { orphan: true } });
  const again = store.apply('Network', { ...network, origin: { orphan: true } });
  const wanted = store.apply('Network', network);

  assert.deepEqual(orphan.object.origin, { orphan: true });
  assert.equal(orphan.object.metadata.annotations, undefined);
  assert.deepEqual([orphan.result, again.result, wanted.result], ['configured', 'unchanged', 'configured']);
  assert.equal(wanted.object.origin, undefined);
  assert.equal(changes.length, 3);
});

test('other labels or annotations change the resourceVersion, not the generation', () => {
  const { store, changes } = createBed();
  store.apply('Network', network);

  const labelled = store.apply('Network', { ...network, labels: { a: '1' } }).object;
  const annotated = store.apply('Network', {
    ...network,
    labels: { a: '1' },
    annotations: { b: '2' },
  }).object;
  const bare = store.apply('Network', network).object;

  assert.deepEqual(
    [labelled, annotated, bare].map(({ metadata }) => [metadata.generation, metadata.resourceVersion]),
    [
      [1, '2'],
      [1, '3'],
      [1, '4'],
    ],
  );
  assert.deepEqual(types(changes).slice(1), Array(3).fill('MODIFIED k8s-net -'));
  assert.deepEqual(changes[1]?.previous?.metadata.labels, undefined);
});

test('a status equal to the one there is no change', () => {
  const { store, changes } = createBed();
  const { uid } = store.apply('Node', node).object.metadata;
  assert.equal(store.updateStatus('Node', 'master00', uid, { address: '10.0.0.1', conditions: [] }), true);

  const stored = store.updateStatus('Node', 'master00', uid, { conditions: [], address: '10.0.0.1' });

  assert.equal(stored, false);
  assert.deepEqual(types(changes), ['ADDED master00 spec', 'MODIFIED master00 -']);
  assert.equal(store.get('Node', 'master00')?.metadata.generation, 1);
});

test('a status for an object that is gone, or was made anew under its name, is ignored', () => {
  const { store, changes } = createBed();
  const { uid } = store.apply('Node', node).object.metadata;

  const removed = store.remove('Node', 'master00');
  assert.equal(store.updateStatus('Node', 'master00', uid, { conditions: [], address: 'x' }), false);
  const again = store.apply('Node', node).object;
  assert.equal(store.updateStatus('Node', 'master00', uid, { conditions: [], address: 'x' }), false);

  assert.equal(removed?.metadata.name, 'master00');
  assert.notEqual(again.metadata.uid, uid);
  assert.equal(again.metadata.generation, 1);
  assert.equal(again.status.address, undefined);
  assert.deepEqual(types(changes), ['ADDED master00 spec', 'DELETED master00 spec', 'ADDED master00 spec']);
});

test('a store made anew gives the same uid to the same object', () => {
  const [first, second] = [createBed().store, createBed().store];

  first.apply('Network', network);
  const uids = [first, second].map((store) => store.apply('Node', node).object.metadata.uid);

  assert.equal(uids[0], uids[1]);
  assert.match(uids[0] ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(uidOf(first, 'Network', 'k8s-net'), uids[0]);
});

function uidOf(store: Store<Kinds>, kind: 'Network' | 'Node', name: string): string | undefined {
  return store.get(kind, name)?.metadata.uid;
}

test('removing what is not there tells nobody', () => {
  const { store, changes } = createBed();

  assert.equal(store.remove('Node', 'nobody'), undefined);

  assert.equal(changes.length, 0);
});

test('a creation time handed in is kept through updates', () => {
  const { store } = createBed();
  const creationTimestamp = '2025-12-24T18:00:00Z';
  store.apply('Node', { ...node, creationTimestamp });

  const { object } = store.apply('Node', { ...node, hash: 'n2', creationTimestamp: '2026-06-01T00:00:00Z' });

  assert.equal(object.metadata.creationTimestamp, creationTimestamp);
});

test('every change has a resourceVersion above all before it, over all kinds', () => {
  const { store, changes } = createBed();
  const { uid } = store.apply('Network', network).object.metadata;
  store.apply('Node', node);
  store.updateStatus('Network', 'k8s-net', uid, { conditions: [], bridge: 'b' });
  store.remove('Node', 'master00');
  store.apply('Network', { ...network, hash: 'h2' });

  const versions = changes.map(({ object }) => Number(object.metadata.resourceVersion));

  assert.deepEqual(versions, [1, 2, 3, 4, 5]);
});

test('an object that is to be removed has a deletionTimestamp and another generation, and is told once', () => {
  const { store, changes } = createBed();
  store.apply('Network', network);

  assert.deepEqual(
    [store.terminate('Network', 'k8s-net'), store.terminate('Network', 'k8s-net')],
    [true, false],
  );

  const { metadata } = store.get('Network', 'k8s-net') ?? assert.fail();
  assert.deepEqual([metadata.deletionTimestamp, metadata.generation], ['2026-01-01T00:00:00Z', 2]);
  assert.deepEqual(types(changes).slice(1), ['MODIFIED k8s-net spec']);
  assert.equal(store.terminate('Network', 'nobody'), false);
});

test('a manifest that comes back calls the removal off, also when it says the same', () => {
  const { store, changes } = createBed();
  const { object } = store.apply('Network', network);
  store.terminate('Network', 'k8s-net');

  const { object: back, result } = store.apply('Network', network);

  assert.equal(result, 'configured');
  assert.deepEqual(
    [back.metadata.deletionTimestamp, back.metadata.generation, back.metadata.uid],
    [undefined, 3, object.metadata.uid],
  );
  assert.deepEqual(types(changes).at(-1), 'MODIFIED k8s-net spec');
});

test('ten thousand objects are listed sorted after each one that comes', () => {
  const { store } = createBed();
  const counted = { lists: 0, longest: 0 };
  store.subscribe(() => {
    counted.lists += 1;
    counted.longest = Math.max(counted.longest, store.list('Node').length);
  });
  const names = Array.from({ length: 10_000 }, (_, index) => `n${(index * 7919) % 10_000}`);

  for (const name of names) store.apply('Node', { ...node, name });
  const listed = store.list('Node').map(({ metadata }) => metadata.name);

  assert.deepEqual(listed, names.toSorted());
  assert.deepEqual(counted, { lists: 10_000, longest: 10_000 });
});

test('a list that was handed out stays as it was', () => {
  const { store } = createBed();
  store.apply('Node', node);
  const [before, all] = [store.list('Node'), store.all()];

  store.apply('Node', { ...node, name: 'another' });
  store.apply('Node', { ...node, spec: { role: 'worker' }, hash: 'n2' });
  store.remove('Node', 'another');

  assert.deepEqual([before.length, before[0]?.spec.role, all.length], [1, 'master', 1]);
  assert.deepEqual(store.list('Node')[0]?.spec.role, 'worker');
});
