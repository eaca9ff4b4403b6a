import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LabAllocation } from '../../../src/api/placement/lab.ts';
import { place } from '../../../src/api/placement/place.ts';
import { labOf, type LabText } from './labs.ts';

const vmhosts = { v1: {}, v2: {} };
const A = { node: 'a', address: '10.0.0.9' };

function allocations(text: LabText, network = 'net'): readonly LabAllocation[] | undefined {
  return place(labOf({ vmhosts, ...text })).allocations.get(network);
}

describe('who gets which address', () => {
  it('gives the lowest ones that are free, and pod networks to workers, once for all vmhosts', () => {
    const spec = {
      dhcp: { exclude: ['10.0.0.3-10.0.0.4'] },
      dns: { records: [{ address: '10.0.0.5', hostnames: ['x'] }] },
    };
    const nodes = {
      a: { role: 'worker' },
      b: { role: 'worker' },
      c: { networks: [{ network: 'net', address: '10.0.0.6' }] },
    };

    assert.deepEqual(allocations({ networks: { net: { spec } }, nodes }), [
      { node: 'a', address: '10.0.0.2', podCIDR: '10.200.0.0/24' },
      { node: 'b', address: '10.0.0.7', podCIDR: '10.200.1.0/24' },
      { node: 'c', address: '10.0.0.6' },
    ]);
  });

  it('changes nothing once it is written', () => {
    const text = { nodes: { a: { role: 'worker' }, b: { podCIDR: '10.200.7.0/24' } } };
    const first = allocations(text);

    assert.equal(allocations({ ...text, networks: { net: { allocations: first ?? [] } } }), undefined);
  });

  it('takes nothing from who has it, for a Node whose manifest names it now', () => {
    const nodes = { a: { vmhost: 'v1' }, b: { networks: [{ network: 'net', address: '10.0.0.9' }] } };
    const lab = labOf({ vmhosts, networks: { net: { allocations: [A] } }, nodes });
    const found = place(lab);

    assert.equal(found.unschedulable.get('b'), 'Node "a" has 10.0.0.9');
    assert.equal(found.allocations.size, 0);
  });

  it('lets two bound Nodes swap, and says what one that cannot change keeps', () => {
    const B = { node: 'b', address: '10.0.0.8' };
    const networks = { net: { allocations: [A, B] } };
    const at = (address: string): Record<string, unknown> => ({
      vmhost: 'v1',
      networks: [{ network: 'net', address }],
    });

    assert.deepEqual(allocations({ networks, nodes: { a: at(B.address), b: at(A.address) } }), [
      { ...A, address: B.address },
      { ...B, address: A.address },
    ]);
    const stuck = place(labOf({ vmhosts, networks, nodes: { a: at(B.address), b: { vmhost: 'v1' } } }));
    assert.equal(stuck.allocations.size, 0);
    assert.equal(stuck.refusals.get('a'), 'Node "b" has 10.0.0.8');
  });

  it('frees what a Node had once it is gone, and not while nobody knows that it is', () => {
    const networks = {
      net: { allocations: [A, { node: 'b', address: '10.0.0.2', podCIDR: '10.200.3.0/24' }] },
    };
    const nodes = { a: { isRemoved: true, vmhost: 'v1' } };

    assert.deepEqual(allocations({ networks, nodes }), [A]);
    assert.equal(allocations({ networks, nodes, unconfirmed: ['b'] }), undefined);
  });

  it('gives another address where the network no longer has a place for the old one', () => {
    const networks = { net: { allocations: [A], spec: { cidr: '10.9.0.0/24' } } };

    assert.deepEqual(allocations({ networks, nodes: { a: { vmhost: 'v1' } } }), [
      { ...A, address: '10.9.0.2' },
    ]);
  });

  it('binds who still gets an address where there are too few, and gives back what others cannot use', () => {
    const small = { dhcp: { start: '10.0.0.10', end: '10.0.0.11' } };
    const other = { cidr: '10.1.0.0/24', dhcp: { start: '10.1.0.10', end: '10.1.0.10' }, podCIDR: undefined };
    const both = { networks: [{ network: 'net' }, { network: 'two' }], memory: '9Gi' };
    const nodes = { a: both, b: both, c: {} };
    const found = place(labOf({ vmhosts, nodes, networks: { net: { spec: small }, two: { spec: other } } }));

    assert.deepEqual(found.bindings.map(({ node }) => node).toSorted(), ['a', 'c']);
    assert.equal(found.unschedulable.get('b'), 'Network "two" has no free address');
  });

  it('gives no pod addresses twice, whichever Networks they are of', () => {
    const open = { spec: { podCIDR: undefined } };
    const networks = { net: open, two: { spec: { cidr: '10.1.0.0/24' } } };
    const nodes = {
      a: { vmhost: 'v1', podCIDR: '10.50.0.0/24' },
      b: { podCIDR: '10.50.0.0/25' },
      c: { podCIDR: '10.200.4.0/24' },
      d: { networks: [{ network: 'two' }], podCIDR: '10.201.0.0/24' },
    };
    const found = place(labOf({ vmhosts, networks, nodes }));

    assert.deepEqual(Object.fromEntries(found.unschedulable), {
      b: 'another Node has pod addresses of 10.50.0.0/25',
      c: '10.200.4.0/24 is of the pod range of another Network',
      d: '10.201.0.0/24 is outside the pod range 10.200.0.0/16 of Network "two"',
    });
  });

  it('concludes nothing from a Network whose spec cannot be read', () => {
    const networks = { net: { allocations: [A], spec: { cidr: 'x' } } };
    const found = place(labOf({ vmhosts, networks, nodes: { b: {} } }));

    assert.equal(found.allocations.size, 0);
    assert.equal(found.unschedulable.get('b'), 'the manifest of Network "net" cannot be read');
  });
});

describe('what it costs', () => {
  it('grows with the Nodes and not with their square', () => {
    const elapsed = [1000, 8000].map((count) => {
      const nodes = Object.fromEntries(
        Array.from({ length: count }, (_, at) => [`n${at}`, { role: 'worker' }]),
      );
      const spec = { cidr: '10.0.0.0/16', podCIDR: { cidr: '10.128.0.0/9' } };
      const roomy = { cpu: '100000', memory: '900Ti', storage: '900Ti' };
      const lab = labOf({ vmhosts: { v1: roomy, v2: roomy }, networks: { net: { spec } }, nodes });
      const runs = [0, 1, 2].map(() => {
        const began = performance.now();
        assert.equal(place(lab).bindings.length, count);
        return performance.now() - began;
      });
      return Math.min(...runs);
    });
    const [small = 0, large = 0] = elapsed;

    // Eight times as many: their square would be 64.
    assert.ok(large / small < 32, `${small.toFixed(1)} ms, ${large.toFixed(1)} ms`);
  });
});
