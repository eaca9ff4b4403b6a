import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finalizerOf } from '../../src/api/meta.ts';
import { createStore } from '../../src/engine/store.ts';
import { createFakeClock } from './fake-clock.ts';
import { createBed, node, type Kinds } from './store-bed.ts';

const finalizer = finalizerOf('Node');

test('an object that is being removed goes when its last finalizer is done', () => {
  const { store, changes } = createBed();
  const { uid } = store.apply('Node', node).object.metadata;
  store.terminate('Node', 'master00');
  assert.deepEqual(store.get('Node', 'master00')?.metadata.finalizers, ['k8slab.io/node']);

  assert.equal(store.finalize('Node', 'master00', { uid, finalizer }), true);

  assert.equal(store.get('Node', 'master00'), undefined);
  assert.deepEqual(
    changes.map(({ type }) => type),
    ['ADDED', 'MODIFIED', 'DELETED'],
  );
  assert.equal(changes[2]?.object.metadata.finalizers, undefined);
});

test('it stays while another finalizer is left', () => {
  const store = createStore<Kinds>({ clock: createFakeClock(), finalizers: () => ['a.io/x', 'b.io/y'] });
  const { uid } = store.apply('Node', node).object.metadata;
  store.terminate('Node', 'master00');

  assert.equal(store.finalize('Node', 'master00', { uid, finalizer: 'b.io/y' }), false);
  assert.deepEqual(store.get('Node', 'master00')?.metadata.finalizers, ['a.io/x']);
  assert.equal(store.finalize('Node', 'master00', { uid, finalizer: 'a.io/x' }), true);
});

test('one that has no finalizer goes as soon as it is to go, and is told once', () => {
  const store = createStore<Kinds>({ clock: createFakeClock(), finalizers: () => [] });
  const types: string[] = [];
  store.apply('Node', node);
  store.subscribe(({ type, object }) => types.push(`${type} ${object.metadata.deletionTimestamp}`));

  assert.equal(store.terminate('Node', 'master00'), true);

  assert.deepEqual(types, ['DELETED 2026-01-01T00:00:00Z']);
});

test('a finalizer that is done takes nothing away that is not being removed', () => {
  const { store } = createBed();
  const { uid } = store.apply('Node', node).object.metadata;

  assert.equal(store.finalize('Node', 'master00', { uid, finalizer }), false);

  assert.ok(store.get('Node', 'master00'));
});

test('a finalizer of an object that came later under the same name stays', () => {
  const { store, changes } = createBed();
  const { uid } = store.apply('Node', node).object.metadata;
  store.remove('Node', 'master00');
  store.apply('Node', node);
  store.terminate('Node', 'master00');
  const told = changes.length;

  assert.equal(store.finalize('Node', 'master00', { uid, finalizer }), false);
  assert.equal(store.finalize('Node', 'other', { uid, finalizer }), false);

  assert.equal(store.get('Node', 'master00')?.metadata.finalizers?.length, 1);
  assert.equal(changes.length, told);
});

test('a manifest that comes back keeps the finalizer, so that a later removal does not go by itself', () => {
  const { store } = createBed();
  store.apply('Node', node);
  store.terminate('Node', 'master00');

  store.apply('Node', node);

  assert.deepEqual(store.get('Node', 'master00')?.metadata.finalizers, ['k8slab.io/node']);
});

test('what is made anew under a name never has a uid that was given before, over restarts too', () => {
  const uids = new Set<string>();
  let firstVersion = 0;
  for (let run = 0; run < 3; run += 1) {
    const store = createStore<Kinds>({ clock: createFakeClock(), firstVersion });
    for (let turn = 0; turn < 3; turn += 1) {
      uids.add(store.apply('Node', node).object.metadata.uid);
      store.remove('Node', 'master00');
    }
    firstVersion += 1000;
  }

  // The first of each run is the same, since it is the same object.
  assert.equal(uids.size, 1 + 3 * 2);
});

test('uid and age of an earlier run are kept, until the object is gone', () => {
  const birth = { uid: 'u-1', creationTimestamp: '2020-05-05T05:05:05Z' };
  const store = createStore<Kinds>({ clock: createFakeClock(), remembered: () => birth });

  const { metadata } = store.apply('Node', node).object;
  store.remove('Node', 'master00');
  const next = store.apply('Node', node).object.metadata;

  assert.deepEqual([metadata.uid, metadata.creationTimestamp], ['u-1', '2020-05-05T05:05:05Z']);
  assert.notEqual(next.uid, 'u-1');
  assert.equal(next.creationTimestamp, '2026-01-01T00:00:00Z');
});
