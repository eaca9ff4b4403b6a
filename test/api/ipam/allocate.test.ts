import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatAddress, parseAddress } from '../../../src/api/ipam/address.ts';
import { allocateAddresses, type AddressClaim, type Allocation } from '../../../src/api/ipam/allocate.ts';
import { isUsable, networkAddresses } from '../../../src/api/ipam/network-addresses.ts';

const addresses = networkAddresses({
  cidr: '10.0.0.0/24',
  gateway: '10.0.0.4',
  dhcp: { start: '10.0.0.3', end: '10.0.0.6' },
});

interface Wish {
  readonly name: string;
  readonly given?: string | undefined;
  readonly held?: string | undefined;
}
/** An address that some machine uses; `of`: the machine of that name. */
interface Use {
  readonly ip: string;
  readonly of?: string;
}

function node(name: string, given?: string, held?: string): Wish {
  return { name, given, held };
}

/** Addresses of `net` for Nodes in name order, as text. */
function allocate(
  wishes: readonly Wish[],
  uses: readonly Use[] = [],
  within = addresses,
): Omit<Allocation<string>, 'assigned'> & { assigned: Record<string, string> } {
  const claims = wishes
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, given, held }): AddressClaim => ({
      node: name,
      mac: `mac of ${name}`,
      ...(given === undefined ? {} : { given: parseAddress(given) }),
      ...(held === undefined ? {} : { held: parseAddress(held) }),
    }));
  const used = uses.map(({ ip, of }) => ({
    address: parseAddress(ip),
    ...(of === undefined ? {} : { mac: `mac of ${of}` }),
  }));
  const { assigned, ...rest } = allocateAddresses({ name: 'net', addresses: within }, claims, used);
  return {
    ...rest,
    assigned: Object.fromEntries([...assigned].map(([name, address]) => [name, formatAddress(address)])),
  };
}

describe('addresses of Nodes', () => {
  const cases = [
    {
      reason: 'the lowest free address of the range, in name order, never the gateway',
      nodes: [node('b'), node('a')],
      expected: { a: '10.0.0.3', b: '10.0.0.5' },
    },
    {
      reason: 'what the manifest gives is given, in the range or not',
      nodes: [node('a'), node('b', '10.0.0.3'), node('c', '10.0.0.200')],
      expected: { a: '10.0.0.5', b: '10.0.0.3', c: '10.0.0.200' },
    },
    {
      reason: 'what a Node was given before stays, in the range or not, used by others or not',
      nodes: [node('a', undefined, '10.0.0.99'), node('b', undefined, '10.0.0.3')],
      used: [{ ip: '10.0.0.3', of: 'stranger' }],
      expected: { a: '10.0.0.99', b: '10.0.0.3' },
    },
    {
      reason: 'a manifest takes an address from who merely holds it',
      nodes: [node('a', undefined, '10.0.0.3'), node('b', '10.0.0.3')],
      expected: { a: '10.0.0.5', b: '10.0.0.3' },
    },
    {
      reason: 'what another machine uses is passed over',
      nodes: [node('a'), node('b')],
      used: [{ ip: '10.0.0.3', of: 'stranger' }, { ip: '10.0.0.5' }],
      expected: { a: '10.0.0.6' },
      errors: ['b RangeExhausted'],
    },
    {
      reason: 'what a machine uses already it may keep, and nobody else gets it',
      nodes: [node('a'), node('b')],
      used: [{ ip: '10.0.0.3', of: 'b' }],
      expected: { a: '10.0.0.5', b: '10.0.0.3' },
    },
    {
      reason: 'what a machine shares with another it cannot keep',
      nodes: [node('a')],
      used: [
        { ip: '10.0.0.3', of: 'a' },
        { ip: '10.0.0.3', of: 'stranger' },
      ],
      expected: { a: '10.0.0.5' },
    },
    {
      reason: 'what is held but cannot be used any more is given up',
      nodes: [
        node('a', undefined, '10.0.0.4'),
        node('b', undefined, '10.9.9.9'),
        node('c', undefined, '10.0.0.255'),
      ],
      expected: { a: '10.0.0.3', b: '10.0.0.5', c: '10.0.0.6' },
    },
    {
      reason: 'an address of another family is used by nobody here',
      nodes: [node('a')],
      used: [{ ip: '::a00:3', of: 'stranger' }],
      expected: { a: '10.0.0.3' },
    },
  ];
  for (const { reason, nodes, used = [], expected, errors: refused = [] } of cases) {
    it(reason, () => {
      const { assigned, errors } = allocate(nodes, used);

      assert.deepEqual(assigned, expected);
      assert.deepEqual(
        errors.map((error) => `${error.node} ${error.reason}`),
        refused,
      );
    });
  }

  it('C5: that are excluded are given to nobody unless a manifest names them', () => {
    const within = networkAddresses({
      cidr: '10.0.0.0/24',
      gateway: '10.0.0.4',
      dhcp: { start: '10.0.0.3', end: '10.0.0.9', exclude: ['10.0.0.3', '10.0.0.5-10.0.0.7'] },
    });

    const { assigned } = allocate([node('a'), node('b', '10.0.0.6')], [{ ip: '10.0.0.3', of: 'a' }], within);

    assert.deepEqual(assigned, { b: '10.0.0.6', a: '10.0.0.8' });
  });

  it("are told apart that were nobody's before", () => {
    const wishes = [node('a'), node('b', '10.0.0.9'), node('c', undefined, '10.0.0.6')];

    assert.deepEqual(allocate(wishes).fresh, ['a']);
  });

  it('run out with an error that names the Node and the range, and the others have theirs', () => {
    const { assigned, errors } = allocate([node('d'), node('c'), node('b'), node('a')]);

    assert.deepEqual(Object.keys(assigned), ['a', 'b', 'c']);
    assert.deepEqual(errors, [
      {
        node: 'd',
        reason: 'RangeExhausted',
        message:
          'cannot allocate an address for Node "d": the DHCP range 10.0.0.3-10.0.0.6 of Network "net" has no free address',
      },
    ]);
  });

  it('given twice stay with the holder', () => {
    const { assigned, errors } = allocate([node('a', '10.0.0.9'), node('b', '10.0.0.9', '10.0.0.9')]);

    assert.deepEqual(assigned, { b: '10.0.0.9' });
    assert.deepEqual(
      errors.map(({ node: name, reason }) => [name, reason]),
      [['a', 'AddressTaken']],
    );
  });

  it('E10: given that no machine can have are refused', () => {
    const { assigned, errors } = allocate([node('a', '10.0.0.4')]);

    assert.deepEqual(assigned, {});
    assert.equal(errors[0]?.reason, 'AddressNotUsable');
  });
});

const someAddress = fc.integer({ min: 0, max: 9 }).map((last) => `10.0.0.${last}`);
const someWishes = fc
  .uniqueArray(fc.stringMatching(/^[a-f][0-9]?$/), { maxLength: 12 })
  .chain((list) =>
    fc.tuple(
      ...list.map((name) =>
        fc
          .tuple(fc.option(someAddress, { nil: undefined }), fc.option(someAddress, { nil: undefined }))
          .map(([given, held]) => node(name, given, held)),
      ),
    ),
  );
const someUses = fc.array(fc.record({ of: fc.stringMatching(/^[a-h]$/), ip: someAddress }), { maxLength: 8 });

describe('allocation', () => {
  it('never gives an address twice, nor one that no machine can have, nor anew what another uses', () => {
    fc.assert(
      fc.property(someWishes, someUses, (wishes, uses) => {
        const { assigned, fresh, errors } = allocate(wishes, uses);
        const given = Object.values(assigned);

        assert.equal(new Set(given).size, given.length);
        for (const address of given) assert.ok(isUsable(addresses, parseAddress(address)));
        for (const name of fresh) {
          assert.ok(uses.every(({ ip, of }) => ip !== assigned[name] || of === name));
        }
        assert.equal(given.length + errors.length, wishes.length);
      }),
    );
  });

  it('stays as it is once it is held, whatever Nodes come later', () => {
    fc.assert(
      fc.property(someWishes, fc.stringMatching(/^[a-f]x$/), (wishes, newcomer) => {
        const { assigned } = allocate(wishes);
        const holding = wishes.map(({ name, given }) => node(name, given, assigned[name]));
        const later = allocate([...holding, node(newcomer)]).assigned;

        for (const [name, address] of Object.entries(assigned)) assert.equal(later[name], address);
      }),
    );
  });
});
