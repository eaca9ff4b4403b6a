import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { allocatePodCidrs, type AllocationNode } from '../../../src/api/ipam/allocate.ts';
import { containsCidr, overlaps, parseCidr } from '../../../src/api/ipam/ip.ts';

function networkWith(cidr: string, nodeMaskSize = 24): Parameters<typeof allocatePodCidrs>[0] {
  return { name: 'net', spec: { cidr: '192.168.0.0/24', dhcp: {}, podCIDR: { cidr, nodeMaskSize } } };
}

function node(
  name: string,
  more: { role?: string; podCIDR?: string; network?: string } = {},
): AllocationNode {
  const { role = 'worker', podCIDR, network = 'net' } = more;
  return { name, spec: { role, networks: [{ network }], ...(podCIDR === undefined ? {} : { podCIDR }) } };
}

const range = networkWith('10.200.0.0/16');

describe('pod networks', () => {
  const cases = [
    {
      reason: "the tutorial's: the lowest free subnet in name order",
      nodes: [node('worker02'), node('worker00'), node('worker01')],
      expected: { worker00: '10.200.0.0/24', worker01: '10.200.1.0/24', worker02: '10.200.2.0/24' },
    },
    {
      reason: 'only role worker has one, unless the manifest gives it',
      nodes: [node('m', { role: 'master' }), node('n', { role: 'master', podCIDR: '10.200.7.0/24' })],
      expected: { n: '10.200.7.0/24' },
    },
    {
      reason: 'given ones are stepped over, whatever their size',
      nodes: [node('a'), node('b', { podCIDR: '10.200.0.0/22' })],
      expected: { a: '10.200.4.0/24', b: '10.200.0.0/22' },
    },
    {
      reason: 'held ones stay',
      nodes: [node('a'), node('b')],
      held: { b: '10.200.0.0/24' },
      expected: { a: '10.200.1.0/24', b: '10.200.0.0/24' },
    },
    {
      reason: 'held ones outside the range, taken by a manifest or unreadable are given up',
      nodes: [node('a'), node('b'), node('c'), node('d', { podCIDR: '10.200.9.0/24' })],
      held: { a: '10.99.0.0/24', b: '10.200.9.0/24', c: 'nonsense' },
      expected: { a: '10.200.0.0/24', b: '10.200.1.0/24', c: '10.200.2.0/24', d: '10.200.9.0/24' },
    },
    {
      reason: 'of two that hold the same the first in name order keeps it',
      nodes: [node('a'), node('b')],
      held: { b: '10.200.5.0/24', a: '10.200.5.0/24' },
      expected: { a: '10.200.5.0/24', b: '10.200.0.0/24' },
    },
    {
      reason: 'what a Node of another network has is not handed out again',
      nodes: [node('a'), node('x', { network: 'other', podCIDR: '10.200.0.0/24' })],
      expected: { a: '10.200.1.0/24' },
    },
  ];
  for (const { reason, nodes, held = {}, expected } of cases) {
    it(reason, () => {
      const { assigned, errors } = allocatePodCidrs(range, nodes, new Map(Object.entries(held)));

      assert.deepEqual(Object.fromEntries(assigned), expected);
      assert.deepEqual(errors, []);
    });
  }

  it('run out with an error that names the Node and the range', () => {
    const { assigned, errors } = allocatePodCidrs(
      networkWith('10.200.0.0/23'),
      ['a', 'b', 'c'].map((name) => node(name)),
      new Map(),
    );

    assert.deepEqual([...assigned.keys()], ['a', 'b']);
    assert.deepEqual(errors, [
      {
        node: 'c',
        reason: 'RangeExhausted',
        message:
          'cannot allocate a pod network for Node "c": the pod range 10.200.0.0/23 of Network "net" has no free subnet',
      },
    ]);
  });

  it('are not made where the Network has no range', () => {
    const bare = { name: 'net', spec: { cidr: '192.168.0.0/24', dhcp: {} } };

    assert.equal(allocatePodCidrs(bare, [node('a')], new Map()).assigned.size, 0);
  });

  it('never overlap and lie in the range', () => {
    const someCidr = fc
      .tuple(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 24, max: 28 }))
      .map(([block, prefix]) => `10.200.0.${(block * 16) & (256 - 2 ** (32 - prefix))}/${prefix}`);
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z]$/), { maxLength: 12 });
    fc.assert(
      fc.property(names, fc.dictionary(fc.stringMatching(/^[a-z]$/), someCidr), (list, held) => {
        const network = networkWith('10.200.0.0/24', 28);
        const { assigned, errors } = allocatePodCidrs(
          network,
          list.map((name) => node(name)),
          new Map(Object.entries(held)),
        );
        const cidrs = [...assigned.values()].map(parseCidr);

        for (const cidr of cidrs) assert.ok(containsCidr(parseCidr('10.200.0.0/24'), cidr));
        for (const [index, cidr] of cidrs.entries()) {
          assert.ok(!cidrs.slice(index + 1).some((other) => overlaps(cidr, other)));
        }
        assert.equal(assigned.size + errors.length, list.length);
      }),
    );
  });
});
