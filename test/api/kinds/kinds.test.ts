import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { namesOf } from '../../../src/api/kinds/kinds.ts';
import { KINDS } from '../../../src/api/kinds/list.ts';

describe('a word for a kind', () => {
  const words = {
    Node: ['node', 'nodes', 'Node', 'NODES', 'kn', 'no', 'nodes.k8slab.io'],
    Network: ['network', 'networks', 'net', 'knet', 'Network'],
    Image: ['image', 'images', 'kimg'],
    Vmhost: ['vmhost', 'vmhosts'],
  };
  for (const [kind, known] of Object.entries(words)) {
    for (const word of known) {
      it(`${word} means ${kind}`, () => {
        assert.equal(KINDS.resolve(word)?.kind, kind);
      });
    }
  }

  it('that is none of them means no kind', () => {
    for (const word of ['', 'nod', 'pods', 'nodes.example.com', '.k8slab.io', '__proto__']) {
      assert.equal(KINDS.resolve(word), undefined);
    }
  });

  it('never means two kinds', () => {
    const all = KINDS.all.flatMap((definition) => {
      const names = namesOf(definition);
      return [names.singular, names.plural, ...names.shortNames, ...names.aliases];
    });

    assert.equal(new Set(all).size, all.length);
    assert.deepEqual(KINDS.words.toSorted(), all.toSorted());
  });
});
