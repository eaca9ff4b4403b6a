import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { allocatePodCidrs, type PodClaim, type PodRange } from '../../../src/api/ipam/allocate-pods.ts';
import { containsSubnet, overlaps, parseSubnet } from '../../../src/api/ipam/subnet.ts';

function rangeOf(cidr: string, nodeMaskSize = 24): PodRange {
  return { network: 'net', cidr, nodeMaskSize };
}

function node(name: string, given?: string): PodClaim {
  return { node: name, ...(given === undefined ? {} : { given }) };
}

/** Pod networks of Nodes in name order that had `held` before. */
function allocate(
  nodes: readonly PodClaim[],
  held: Record<string, string> = {},
  options: { range?: PodRange; taken?: readonly string[] } = {},
): ReturnType<typeof allocatePodCidrs> {
  const { range = rangeOf('10.200.0.0/16'), taken = [] } = options;
  const claims = nodes
    .toSorted((a, b) => (a.node < b.node ? -1 : 1))
    .map((claim) => {
      const before = held[claim.node];
      return { ...claim, ...(before === undefined ? {} : { held: before }) };
    });
  return allocatePodCidrs(range, claims, taken);
}

describe('pod networks', () => {
  const cases = [
    {
      reason: "the tutorial's: the lowest free subnet in name order",
      nodes: [node('worker02'), node('worker00'), node('worker01')],
      expected: { worker00: '10.200.0.0/24', worker01: '10.200.1.0/24', worker02: '10.200.2.0/24' },
    },
    {
      reason: 'given ones are stepped over, whatever their size',
      nodes: [node('a'), node('b', '10.200.0.0/22')],
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
      nodes: [node('a'), node('b'), node('c'), node('d', '10.200.9.0/24')],
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
      reason: 'R22: what anybody has is not handed out again, nor a part of it',
      nodes: [node('a'), node('b')],
      held: { b: '10.200.3.0/24' },
      taken: ['10.200.0.0/24', '10.200.2.0/23', '10.200.2.128/25'],
      expected: { a: '10.200.1.0/24', b: '10.200.4.0/24' },
    },
  ];
  for (const { reason, nodes, held = {}, taken = [], expected } of cases) {
    it(reason, () => {
      const { assigned, errors } = allocate(nodes, held, { taken });

      assert.deepEqual(Object.fromEntries(assigned), expected);
      assert.deepEqual(errors, []);
    });
  }

  it('run out with an error that names the Node and the range', () => {
    const range = rangeOf('10.200.0.0/23');
    const { assigned, errors } = allocate(
      ['a', 'b', 'c'].map((name) => node(name)),
      {},
      { range },
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

  it('are not made where the Network has no range, but given ones are', () => {
    const { assigned } = allocatePodCidrs(undefined, [node('a'), node('b', '10.200.7.0/24')], []);

    assert.deepEqual([...assigned], [['b', '10.200.7.0/24']]);
  });

  it('never overlap and lie in the range', () => {
    const someCidr = fc
      .tuple(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 24, max: 28 }))
      .map(([block, prefix]) => `10.200.0.${(block * 16) & (256 - 2 ** (32 - prefix))}/${prefix}`);
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z]$/), { maxLength: 12 });
    fc.assert(
      fc.property(names, fc.dictionary(fc.stringMatching(/^[a-z]$/), someCidr), (list, held) => {
        const range = rangeOf('10.200.0.0/24', 28);
        const { assigned, errors } = allocate(
          list.map((name) => node(name)),
          held,
          { range },
        );
        const cidrs = [...assigned.values()].map(parseSubnet);

        for (const cidr of cidrs) assert.ok(containsSubnet(parseSubnet('10.200.0.0/24'), cidr));
        for (const [index, cidr] of cidrs.entries()) {
          assert.ok(!cidrs.slice(index + 1).some((other) => overlaps(cidr, other)));
        }
        assert.equal(assigned.size + errors.length, list.length);
      }),
    );
  });
});
