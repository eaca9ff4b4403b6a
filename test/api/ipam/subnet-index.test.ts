import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { overlaps, subnetOf, type Subnet } from '../../../src/api/ipam/subnet.ts';
import { createSubnetSet, indexSubnets } from '../../../src/api/ipam/subnet-index.ts';

/** Few enough that many of them overlap. */
const someSubnet = fc
  .tuple(fc.constantFrom('ipv4', 'ipv6'), fc.bigInt({ min: 0n, max: 1023n }), fc.integer({ min: 0, max: 9 }))
  .map(([family, value, size]): Subnet => {
    return subnetOf({ family, value: value + 2n ** 20n }, (family === 'ipv4' ? 32 : 128) - size);
  });

describe('an index of subnets', () => {
  it('finds the same as a search through all of them', () => {
    fc.assert(
      fc.property(fc.array(someSubnet), someSubnet, (subnets, wanted) => {
        const found = indexSubnets(subnets, (subnet) => subnet)(wanted, subnets.length);
        const expected = subnets.filter((subnet) => overlaps(subnet, wanted));

        assert.deepEqual(found, { items: expected, total: expected.length });
      }),
    );
  });

  it('counts all, however few it lists', () => {
    fc.assert(
      fc.property(fc.array(someSubnet), someSubnet, fc.nat(5), (subnets, wanted, limit) => {
        const { items, total } = indexSubnets(subnets, (subnet) => subnet)(wanted, limit);
        const expected = subnets.filter((subnet) => overlaps(subnet, wanted));

        assert.equal(total, expected.length);
        assert.equal(items.length, Math.min(limit, total));
        assert.ok(items.every((item) => expected.includes(item)));
      }),
    );
  });
});

describe('a set of subnets', () => {
  it('takes one exactly when it overlaps none that it has', () => {
    fc.assert(
      fc.property(fc.array(someSubnet), (subnets) => {
        const set = createSubnetSet(subnets.map(({ prefix }) => prefix));
        const members: Subnet[] = [];
        for (const subnet of subnets) {
          const free = !members.some((member) => overlaps(member, subnet));
          assert.equal(set.add(subnet), free);
          if (free) members.push(subnet);
        }
      }),
    );
  });
});
