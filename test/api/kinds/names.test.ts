import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KIND_NAMES, kindWords, resolveKind } from '../../../src/api/kinds/names.ts';

describe('a word for a kind', () => {
  const words = {
    Node: ['node', 'nodes', 'Node', 'NODES', 'kn', 'no', 'nodes.k8slab.io'],
    Network: ['network', 'networks', 'net', 'knet', 'Network'],
    Image: ['image', 'images', 'kimg'],
    Host: ['host', 'hosts'],
  };
  for (const [kind, known] of Object.entries(words)) {
    for (const word of known) {
      it(`${word} means ${kind}`, () => {
        assert.equal(resolveKind(word), kind);
      });
    }
  }

  it('that is none of them means no kind', () => {
    for (const word of ['', 'nod', 'pods', 'nodes.example.com', '.k8slab.io', '__proto__']) {
      assert.equal(resolveKind(word), undefined);
    }
  });

  it('never means two kinds', () => {
    const all = Object.values(KIND_NAMES).flatMap((names) => [
      names.singular,
      names.plural,
      ...names.shortNames,
      ...names.aliases,
    ]);

    assert.equal(new Set(all).size, all.length);
    assert.deepEqual(kindWords().toSorted(), all.toSorted());
  });
});
