import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemory, type MemoryChange } from '../../src/engine/memory.ts';

function node(uid: string, name = 'a'): { kind: 'Node'; metadata: { name: string; uid: string } } {
  return { kind: 'Node', metadata: { name, uid } };
}

describe('what is remembered of an object', () => {
  it('goes with the object: another one of the same name starts anew', () => {
    const memory = createMemory();
    memory.write(node('1'), { ran: true });

    assert.deepEqual(memory.read(node('1')), { ran: true });
    assert.equal(memory.read(node('2')), undefined);
    memory.forget(node('2'));
    assert.deepEqual(memory.read(node('1')), { ran: true });
    memory.forget(node('1'));
    assert.equal(memory.read(node('1')), undefined);
  });

  it('is told when it is another value, and not when it is the same', () => {
    const memory = createMemory();
    const changes: MemoryChange[] = [];
    memory.subscribe((change) => changes.push(change));
    const value = { ran: true } as const;

    memory.write(node('1'), value);
    memory.write(node('1'), value);
    memory.forget(node('1'));

    assert.deepEqual(changes, [
      { kind: 'Node', name: 'a', before: undefined, after: value },
      { kind: 'Node', name: 'a', before: value, after: undefined },
    ]);
  });
});
