import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectStatus } from '../../src/api/meta.ts';
import { createStore, uuidOf, type Change, type Store } from '../../src/engine/store.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';

interface Kinds {
  Network: { spec: { cidr: string; options?: string[] }; status: ObjectStatus & { bridge?: string } };
  Node: { spec: { role: string }; status: ObjectStatus & { address?: string } };
}

interface Bed {
  readonly clock: FakeClock;
  readonly store: Store<Kinds>;
  readonly changes: Change<Kinds>[];
}

const network = { name: 'k8s-net', spec: { cidr: '192.168.111.0/24' }, hash: 'h1' };
const node = { name: 'master00', spec: { role: 'master' }, hash: 'n1' };

function createBed(): Bed {
  const clock = createFakeClock();
  const store = createStore<Kinds>({ clock });
  const changes: Change<Kinds>[] = [];
  store.subscribe((change) => changes.push(change));
  return { clock, store, changes };
}

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

test('objects are frozen to the bottom and share nothing with what was handed in', () => {
  const { store } = createBed();
  const spec = { cidr: '10.0.0.0/8', options: ['a'] };
  const status = { conditions: [], bridge: 'virbr1' };

  const { object } = store.apply('Network', { name: 'net', spec, hash: 'h' });
  store.updateStatus('Network', 'net', object.metadata.uid, status);
  spec.options.push('b');
  status.bridge = 'other';

  assert.deepEqual(object.spec.options, ['a']);
  assert.equal(store.get('Network', 'net')?.status.bridge, 'virbr1');
  assert.throws(() => object.spec.options?.push('c'), TypeError);
  assert.throws(() => Object.assign(object.metadata, { name: 'x' }), TypeError);
  assert.throws(() => Object.assign(store.get('Network', 'net')?.status ?? {}, { bridge: 'x' }), TypeError);
  assert.doesNotThrow(() => spec.options.push('d'));
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

test('list is of one kind and sorted by name, all is of every kind', () => {
  const { store } = createBed();
  for (const name of ['worker00', 'loadbalancer', 'master00']) store.apply('Node', { ...node, name });
  store.apply('Network', network);

  const nodes = store.list('Node').map(({ metadata }) => metadata.name);

  assert.deepEqual(nodes, ['loadbalancer', 'master00', 'worker00']);
  assert.deepEqual(
    store.all().map(({ kind }) => kind),
    ['Network', 'Node', 'Node', 'Node'],
  );
});

test('a listener that throws hides no change from the others', () => {
  const errors: unknown[] = [];
  const store = createStore<Kinds>({
    clock: createFakeClock(),
    onListenerError: (error) => errors.push(error),
  });
  const seen: string[] = [];
  const bug = new TypeError('bug');
  store.subscribe(() => {
    throw bug;
  });
  store.subscribe(({ type }) => seen.push(type));

  store.apply('Node', node);
  store.remove('Node', 'master00');

  assert.deepEqual(seen, ['ADDED', 'DELETED']);
  assert.deepEqual(errors, [bug, bug]);
});

test('changes made by a listener reach all listeners after the change that led to them', () => {
  const { store } = createBed();
  const seen: string[] = [];
  store.subscribe(({ type, object }) => {
    if (type === 'ADDED')
      store.updateStatus(object.kind, object.metadata.name, object.metadata.uid, {
        conditions: [],
        address: 'a',
      });
  });
  store.subscribe(({ type }) => seen.push(type));

  store.apply('Node', node);

  assert.deepEqual(seen, ['ADDED', 'MODIFIED']);
});

test('nothing comes after unsubscribe', () => {
  const { store } = createBed();
  const unsubscribe = store.subscribe(() => assert.fail('called'));

  unsubscribe();
  store.apply('Node', node);
});

test('a kind and its spec and status go together in the types', () => {
  const { store } = createBed();
  store.apply('Node', node);

  const role: string | undefined = store.get('Node', 'master00')?.spec.role;
  store.subscribe(({ object }) => {
    if (object.kind === 'Node') object.spec.role satisfies string;
  });
  // @ts-expect-error a Node has no cidr
  const cidr: unknown = store.get('Node', 'master00')?.spec.cidr;
  // @ts-expect-error nobody declared this kind here
  const images: unknown[] = store.list('Image').slice();
  // @ts-expect-error that is a Network's spec
  const other = store.apply('Node', { name: 'x', hash: 'y', spec: network.spec }).result;

  assert.deepEqual([role, cidr, images, other], ['master', undefined, [], 'created']);
});
