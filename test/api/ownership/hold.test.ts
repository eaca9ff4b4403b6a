import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  explainHold,
  holdRemovals,
  type HoldInput,
  type HoldReason,
} from '../../../src/api/ownership/hold.ts';

function hold(pending: readonly string[], more: Partial<HoldInput> = {}): [string, string] {
  const none = { admitted: new Set<string>(), held: new Map<string, HoldReason>(), opaque: [] };
  const { admitted, held } = holdRemovals({ pending, remaining: 5, limit: 3, ...none, ...more });
  return [admitted.join(), [...held.keys()].join()];
}

function tooMany(...refs: readonly string[]): ReadonlyMap<string, HoldReason> {
  return new Map(refs.map((ref) => [ref, 'TooManyAtOnce']));
}

describe('E88: a removal', () => {
  it('of few goes on, of too many at once is held whole', () => {
    assert.deepEqual(hold(['a', 'b', 'c']), ['a,b,c', '']);
    assert.deepEqual(hold(['a', 'b', 'c', 'd']), ['', 'a,b,c,d']);
  });

  it('after which nothing would remain is held, however little it is', () => {
    assert.deepEqual(hold(['a'], { remaining: 0 }), ['', 'a']);
  });

  it('of what nobody asked to be removed is held, however little it is, and goes on once somebody does', () => {
    const untaken = new Set(['a']);
    const { held } = holdRemovals({
      ...{
        pending: ['a', 'b'],
        remaining: 5,
        limit: 3,
        admitted: new Set<string>(),
        held: new Map(),
        opaque: [],
      },
      untaken,
    });

    assert.deepEqual([...held], [['a', 'NotTakenIn']]);
    assert.deepEqual(hold(['a'], { held, untaken, admitted: new Set(['a']) }), ['a', '']);
    assert.deepEqual(hold(['a'], { held }), ['a', '']);
    const told = explainHold('NotTakenIn', { limit: 3, opaque: [] }, { kind: 'Node', name: 'a' });
    assert.match(told, /does not give it to this vmhost; held, .* k8slab confirm-removal node\/a$/);
  });

  it('that is under way goes on, and counts for the others', () => {
    assert.deepEqual(hold(['a', 'b', 'c', 'd'], { admitted: new Set(['a', 'b']) }), ['a,b', 'c,d']);
  });

  it('that is held stays held while the others come back, so that a directory may come back file by file', () => {
    assert.deepEqual(hold(['a'], { held: tooMany('a', 'b', 'c', 'd') }), ['', 'a']);
    assert.deepEqual(hold(['a', 'e'], { held: tooMany('a') }), ['e', 'a']);
  });

  it('C9: is held while a manifest that may name it cannot be read, and goes on by itself once it can', () => {
    const opaque = ['lab.yaml'];
    const { held } = holdRemovals({
      pending: ['a'],
      remaining: 5,
      limit: 3,
      admitted: new Set(),
      held: new Map(),
      opaque,
    });

    assert.deepEqual([...held], [['a', 'UnreadManifest']]);
    assert.deepEqual(hold(['a'], { held }), ['a', '']);
    assert.deepEqual(hold(['a', 'b', 'c', 'd'], { held }), ['', 'a,b,c,d']);
    assert.deepEqual(
      hold(['a', 'b'], { admitted: new Set(['a']), opaque }),
      ['a', 'b'],
      'what is confirmed goes',
    );
  });

  it('C9: is told with the files that hold it, and what to do about them', () => {
    const facts = { limit: 3, opaque: ['a.yaml', 'b.yaml', 'c.yaml', 'd.yaml'] };

    assert.equal(
      explainHold('UnreadManifest', facts, { kind: 'Node', name: 'x' }),
      'no manifest that can be read names it; held, since a.yaml, b.yaml, c.yaml and others may: mend or remove that file, or k8slab confirm-removal node/x',
    );
  });
});
