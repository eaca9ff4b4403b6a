import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStore } from '../../src/engine/store.ts';
import { createFakeClock } from './fake-clock.ts';
import { createBed, network, node, type Kinds } from './store-bed.ts';

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
