import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Kind } from '../../../src/api/meta.ts';
import { createHintOf, type Hint } from '../../../src/daemon/api-server/hints.ts';
import type { KubeObject } from '../../../src/drivers/kube.ts';

type Fields = Partial<KubeObject['metadata']> & { readonly status?: object; readonly spec?: object };

/** A vmhost `v1` whose watch tells of objects. */
describe('what a change of an object is to a vmhost', () => {
  function bed() {
    const objects = new Map<Kind, Map<string, KubeObject>>();
    const of = (kind: Kind): Map<string, KubeObject> => objects.get(kind) ?? new Map<string, KubeObject>();
    const hintOf = createHintOf('v1', { objects: of });
    let versions = 0;
    function made(kind: Kind, name: string, { status, spec, ...metadata }: Fields): KubeObject {
      versions += 1;
      return {
        apiVersion: 'k8slab.io/v1alpha1',
        kind,
        metadata: {
          ...{ name, uid: name, resourceVersion: String(versions), creationTimestamp: '', generation: 1 },
          ...metadata,
        },
        ...{ spec, status },
      };
    }
    return {
      tell: (kind: Kind, name: string, fields: Fields): Hint | undefined => {
        const object = made(kind, name, fields);
        objects.set(kind, of(kind).set(name, object));
        return hintOf({ type: 'Modified', kind, object });
      },
      gone: (kind: Kind, name: string): Hint | undefined => {
        of(kind).delete(name);
        return hintOf({ type: 'Deleted', kind, object: made(kind, name, {}) });
      },
      hintOf,
    };
  }

  const HERE = { status: { vmhost: 'v1' } };
  const THERE = { status: { vmhost: 'v2' } };

  it('is its own for a Node that is bound to it, is held by it, or was', () => {
    const { tell, gone } = bed();
    assert.equal(tell('Node', 'a', {}), 'others', 'nobody has it yet');
    assert.equal(tell('Node', 'a', HERE), 'own');
    assert.equal(tell('Node', 'a', { ...HERE, generation: 2 }), 'own');
    assert.equal(tell('Node', 'a', { ...HERE, generation: 2, finalizers: ['vmhost.k8slab.io/v1'] }), 'own');
    assert.equal(tell('Node', 'a', { ...THERE, generation: 2, finalizers: ['vmhost.k8slab.io/v1'] }), 'own');
    assert.equal(tell('Node', 'a', { ...THERE, generation: 2 }), 'own', 'it was until now');
    assert.equal(tell('Node', 'a', { ...THERE, generation: 3 }), 'others');
    assert.equal(tell('Node', 'c', { spec: { vmhost: 'v1' } }), 'own', 'its manifest names it');
    assert.equal(tell('Node', 'd', { spec: { vmhost: 'v2' } }), 'others');
    assert.equal(tell('Node', 'b', HERE), 'own');
    assert.equal(gone('Node', 'b'), 'own');
  });

  it('is of others for a Node that is bound elsewhere, and nothing where no name, place or spec of it changes', () => {
    const { tell, gone } = bed();
    assert.equal(tell('Node', 'a', THERE), 'others');
    const more = { conditions: [{ type: 'Ready', status: 'True' }], addresses: ['192.168.111.9'] };
    assert.equal(tell('Node', 'a', { status: { ...THERE.status, ...more } }), undefined);
    const held = { finalizers: ['vmhost.k8slab.io/v2'], status: THERE.status };
    assert.equal(tell('Node', 'a', held), undefined, 'the other holds it');
    assert.equal(tell('Node', 'a', { ...held, deletionTimestamp: 'now' }), 'others');
    assert.equal(gone('Node', 'a'), 'others');
  });

  it('is its own for a Network that gives one of its Nodes an address, and of others where only theirs get some', () => {
    const { tell } = bed();
    const given = (...pairs: readonly (readonly [string, string])[]): Fields => ({
      status: { allocations: pairs.map(([node, address]) => ({ node, address })) },
    });
    tell('Node', 'a', HERE);
    tell('Node', 'b', THERE);
    assert.equal(tell('Network', 'n', given()), 'own', 'it is new');
    assert.equal(tell('Network', 'n', given(['b', '10.0.0.3'])), 'others');
    assert.equal(tell('Network', 'n', given(['b', '10.0.0.3'], ['a', '10.0.0.2'])), 'own');
    assert.equal(tell('Network', 'n', given(['b', '10.0.0.4'], ['a', '10.0.0.2'])), 'others');
    assert.equal(tell('Network', 'n', given(['b', '10.0.0.4'], ['a', '10.0.0.5'])), 'own');
    assert.equal(tell('Network', 'n', { ...given(['a', '10.0.0.5']), generation: 2 }), 'own');
  });

  it('is of others for a Network that gives theirs an address, also after a Node with one became its own', () => {
    const { tell, gone } = bed();
    const given = (...nodes: readonly string[]): Fields => ({
      status: { allocations: nodes.map((node, at) => ({ node, address: `10.0.0.${at}` })) },
    });
    tell('Node', 'b', THERE);
    tell('Network', 'n', given('a'));
    assert.equal(tell('Node', 'a', HERE), 'own');
    assert.equal(tell('Network', 'n', given('a', 'b')), 'others');
    assert.equal(gone('Node', 'a'), 'own');
    assert.equal(tell('Network', 'n', given('a')), 'others');
  });

  it('is its own for any other kind, and for what is told of all objects of a kind', () => {
    const { tell, hintOf } = bed();
    assert.equal(tell('Image', 'i', {}), 'own');
    assert.equal(tell('Image', 'i', { status: { virtualSize: 1 } }), undefined);
    assert.equal(tell('LoadBalancer', 'l', {}), 'own');
    assert.equal(hintOf({ type: 'Listed', kind: 'Node' }), 'own');
  });
});
