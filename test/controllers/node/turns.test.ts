import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { condition, mergeConditions } from '../../../src/api/conditions.ts';
import { arrived, starting, turnDone, turnTaken, type NodeMemory } from '../../../src/api/node/memory.ts';
import { createTurns, type Turns } from '../../../src/controllers/node/turns.ts';
import { createMemory } from '../../../src/engine/memory.ts';
import { createBed, type Bed } from '../bed.ts';

interface Scene {
  bed: Bed;
  turns: Turns;
  woken: string[];
  remember: (name: string, next: (memory: NodeMemory) => NodeMemory) => void;
  tell: (name: string, status: 'True' | 'False', reason: string) => void;
}

function createScene(names: readonly string[], limit = 2): Scene {
  const bed = createBed();
  const memory = createMemory();
  for (const name of names) bed.apply('Node', name, { role: 'master' });
  const woken: string[] = [];
  const { store, clock } = bed;
  const turns = createTurns({ store, memory, clock, limit, enqueue: (name) => woken.push(name) });
  return {
    bed,
    turns,
    woken,
    remember(name, next) {
      const object = bed.object('Node', name);
      memory.write(object, next(memory.read(object) ?? {}));
    },
    tell(name, status, reason) {
      const found = mergeConditions([], [condition('Ready', status, reason)], '2026-01-01T00:00:00Z', 1);
      store.updateStatus('Node', name, bed.object('Node', name).metadata.uid, { conditions: found });
    },
  };
}

describe('slots for booting', () => {
  it('are no more than the limit; a guest that boots keeps its own', () => {
    const { turns, remember } = createScene(['a', 'b', 'c']);
    for (const name of ['a', 'b']) remember(name, (memory) => starting(memory, 0));

    assert.deepEqual([turns.slot('a'), turns.slot('c')], [true, false]);
    remember('a', arrived);
    assert.equal(turns.slot('c'), true);
  });

  it('that are free again are told to those who wait longest, and to no more than there are slots', () => {
    const { woken, remember, tell } = createScene(['a', 'b', 'c', 'd'], 1);
    remember('a', (memory) => starting(memory, 0));
    for (const name of ['d', 'c', 'b']) tell(name, 'False', 'BootQueued');
    woken.length = 0;

    remember('a', arrived);

    assert.deepEqual(woken, ['d']);
  });
});

describe('the turn in a role', () => {
  it('is had by one guest at a time', () => {
    const { turns, remember } = createScene(['a', 'b']);
    remember('a', (memory) => turnTaken(memory, 'master'));

    assert.equal(turns.holder('master'), 'a');
    remember('a', turnDone);
    assert.equal(turns.holder('master'), undefined);
  });

  it('is had no more by a guest that has another role by now', () => {
    const { bed, turns, remember } = createScene(['a', 'b']);
    remember('a', (memory) => turnTaken(memory, 'master'));

    bed.apply('Node', 'a', { role: 'worker' });

    assert.equal(turns.holder('master'), undefined);
  });

  it('that is over is told to the one that waits longest, once nobody of the role is in the way', () => {
    const { woken, remember, tell } = createScene(['a', 'b', 'c']);
    for (const name of ['a', 'b', 'c']) tell(name, 'True', 'Ready');
    remember('a', (memory) => turnTaken(memory, 'master'));
    tell('a', 'False', 'NoLease');
    for (const name of ['c', 'b']) tell(name, 'False', 'RolloutWaiting');
    woken.length = 0;

    remember('a', turnDone);
    assert.deepEqual(woken, []);
    tell('a', 'True', 'Ready');

    assert.deepEqual(woken, ['c']);
  });

  it('waits for guests that are not Ready, and names a few of them', () => {
    const { bed, turns, tell } = createScene(['a', 'b', 'c', 'd', 'e']);
    for (const name of ['a', 'b']) tell(name, 'True', 'Ready');
    tell('c', 'False', 'NoLease');

    assert.deepEqual(turns.peers(bed.object('Node', 'a')), [
      'd was not looked at yet',
      'e was not looked at yet',
      'c is not Ready: NoLease',
    ]);
    for (const name of ['c', 'd', 'e']) tell(name, 'True', 'Ready');
    assert.deepEqual(turns.peers(bed.object('Node', 'a')), []);
  });
});
