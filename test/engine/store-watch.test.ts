import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStore, type Store, type WatchedChange } from '../../src/engine/store.ts';
import { createFakeClock } from './fake-clock.ts';
import { network, node, type Kinds } from './store-bed.ts';

function create(more: { firstVersion?: number; historyLimit?: number } = {}): Store<Kinds> {
  return createStore<Kinds>({ clock: createFakeClock(), ...more });
}

function recorder(): { seen: string[]; see: (change: WatchedChange<Kinds>) => void } {
  const seen: string[] = [];
  return { seen, see: ({ type, object }) => seen.push(`${type} ${object.metadata.name}`) };
}

test('a watch tells what came after its version, then what comes, each once and in order', () => {
  const store = create();
  store.apply('Network', network);
  const since = store.version();
  store.apply('Node', node);
  store.terminate('Node', 'master00');
  const { seen, see } = recorder();

  const end = store.watch(since, see);
  assert.deepEqual(seen, ['ADDED master00', 'MODIFIED master00']);
  store.remove('Node', 'master00');
  end();
  store.remove('Network', 'k8s-net');

  assert.deepEqual(seen, ['ADDED master00', 'MODIFIED master00', 'DELETED master00']);
});

test('a watch from the last version tells nothing of the past', () => {
  const store = create();
  store.apply('Node', node);
  const { seen, see } = recorder();

  store.watch(store.version(), see);

  assert.deepEqual(seen, []);
});

test('a watch that begins while a change is being told neither misses nor repeats one', () => {
  const store = create();
  const { seen, see } = recorder();
  let begun = false;
  store.subscribe(({ object }) => {
    if (begun || object.kind !== 'Network') return;
    begun = true;
    store.apply('Node', node);
    store.watch('0', see);
  });

  store.apply('Network', network);

  assert.deepEqual(seen, ['ADDED k8s-net', 'ADDED master00']);
});

test('changes that are forgotten make the watch start over, and no more are kept than asked for', () => {
  const store = create({ historyLimit: 10 });
  for (let index = 0; index < 100; index += 1) store.apply('Node', { ...node, hash: String(index) });
  const kept = recorder();

  store.watch('91', kept.see);
  assert.equal(kept.seen.length, 9);
  assert.throws(() => store.watch('79', kept.see), { reason: 'Expired' });
});

for (const [version, why] of [
  ['999', 'older than this run'],
  ['1002', 'of a run whose versions went further'],
  ['', 'none'],
  ['abc', 'none of ours'],
  ['-1', 'none of ours'],
] as const) {
  test(`a version that is ${why} is too old, never taken for the present: "${version}"`, () => {
    const store = create({ firstVersion: 1000 });
    store.apply('Node', node);
    assert.equal(store.version(), '1001');

    assert.throws(() => store.watch(version, () => undefined), {
      reason: 'Expired',
      message: `cannot watch from resource version "${version}": it is too old`,
    });
  });
}
