import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { allocateAddresses, type AllocationNode } from '../../../src/api/ipam/allocate.ts';
import { fromNumber, toNumber } from '../../../src/api/ipam/ip.ts';
import { derivedMac } from '../../../src/api/ipam/names.ts';
import { isUsable, networkAddresses } from '../../../src/api/ipam/network-addresses.ts';

const network = {
  name: 'net',
  spec: { cidr: '10.0.0.0/24', gateway: '10.0.0.4', dhcp: { start: '10.0.0.3', end: '10.0.0.6' } },
};

function node(name: string, address?: string): AllocationNode {
  return { name, spec: { networks: [{ network: 'net', ...(address === undefined ? {} : { address }) }] } };
}

function held(name: string, ip: string): { mac: string; ip: string } {
  return { mac: derivedMac('net', name), ip };
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
      reason: 'what the MAC address holds stays, in the range or not',
      nodes: [node('a'), node('b')],
      held: [held('b', '10.0.0.3'), held('a', '10.0.0.99')],
      expected: { a: '10.0.0.99', b: '10.0.0.3' },
    },
    {
      reason: 'MAC addresses are held in any case',
      nodes: [node('a')],
      held: [{ mac: derivedMac('net', 'a').toUpperCase(), ip: '10.0.0.6' }],
      expected: { a: '10.0.0.6' },
    },
    {
      reason: 'a manifest takes an address from who merely holds it',
      nodes: [node('a'), node('b', '10.0.0.3')],
      held: [held('a', '10.0.0.3')],
      expected: { a: '10.0.0.5', b: '10.0.0.3' },
    },
    {
      reason: 'what an unknown MAC address holds is left alone',
      nodes: [node('a')],
      held: [{ mac: '52:54:00:00:00:01', ip: '10.0.0.3' }],
      expected: { a: '10.0.0.5' },
    },
    {
      reason: 'what is held but cannot be used any more is given up',
      nodes: [node('a'), node('b'), node('c')],
      held: [held('a', '10.0.0.4'), held('b', '10.9.9.9'), held('c', '10.0.0.255')],
      expected: { a: '10.0.0.3', b: '10.0.0.5', c: '10.0.0.6' },
    },
    {
      reason: 'a reservation that is not IPv4 is passed over',
      nodes: [node('a')],
      held: [{ mac: derivedMac('net', 'a'), ip: 'fd00::1' }],
      expected: { a: '10.0.0.3' },
    },
    {
      reason: 'a Node on another network has none',
      nodes: [{ name: 'a', spec: { networks: [{ network: 'other' }] } }],
      expected: {},
    },
  ];
  for (const { reason, nodes, held: reservations = [], expected } of cases) {
    it(reason, () => {
      const { assigned, errors } = allocateAddresses(network, nodes, reservations);

      assert.deepEqual(Object.fromEntries(assigned), expected);
      assert.deepEqual(errors, []);
    });
  }

  it('run out with an error that names the Node and the range, and the others have theirs', () => {
    const { assigned, errors } = allocateAddresses(network, [node('d'), node('c'), node('b'), node('a')], []);

    assert.deepEqual([...assigned.keys()], ['a', 'b', 'c']);
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
    const { assigned, errors } = allocateAddresses(
      network,
      [node('a', '10.0.0.9'), node('b', '10.0.0.9')],
      [held('b', '10.0.0.9')],
    );

    assert.deepEqual([...assigned], [['b', '10.0.0.9']]);
    assert.deepEqual(
      errors.map(({ node: name, reason }) => [name, reason]),
      [['a', 'AddressTaken']],
    );
  });

  it('E10: given that no machine can have are refused', () => {
    const { assigned, errors } = allocateAddresses(network, [node('a', '10.0.0.4')], []);

    assert.equal(assigned.size, 0);
    assert.equal(errors[0]?.reason, 'AddressNotUsable');
  });
});

const names = fc.uniqueArray(fc.stringMatching(/^[a-f][0-9]?$/), { maxLength: 12 });
const someAddress = fc.integer({ min: 0, max: 9 }).map((last) => `10.0.0.${last}`);
const someNodes = names.chain((list) =>
  fc.tuple(
    ...list.map((name) => fc.option(someAddress, { nil: undefined }).map((address) => node(name, address))),
  ),
);
const someHeld = fc.array(
  fc.record({ mac: fc.stringMatching(/^[a-h]$/).map((name) => derivedMac('net', name)), ip: someAddress }),
  { maxLength: 8 },
);

describe('allocation', () => {
  it('never gives an address twice, nor one that no machine can have, nor an unknown MAC address its', () => {
    fc.assert(
      fc.property(someNodes, someHeld, (nodes, reservations) => {
        const { assigned, errors } = allocateAddresses(network, nodes, reservations);
        const addresses = [...assigned.values()];
        const free = nodes
          .filter(({ spec }) => spec.networks[0]?.address === undefined)
          .map(({ name }) => name);

        assert.equal(new Set(addresses).size, addresses.length);
        for (const address of addresses)
          assert.ok(isUsable(networkAddresses(network.spec), toNumber(address)));
        for (const name of free) {
          const others = reservations
            .filter(({ mac }) => mac !== derivedMac('net', name))
            .map(({ ip }) => ip);
          const own = reservations.filter(({ mac }) => mac === derivedMac('net', name)).map(({ ip }) => ip);
          const address = assigned.get(name) ?? '';
          assert.ok(own.includes(address) || !others.includes(address));
        }
        assert.equal(assigned.size + errors.length, nodes.length);
      }),
    );
  });

  it('does not depend on the order of the Nodes', () => {
    fc.assert(
      fc.property(someNodes, someHeld, (nodes, reservations) => {
        assert.deepEqual(
          allocateAddresses(network, nodes.toReversed(), reservations).assigned,
          allocateAddresses(network, nodes, reservations).assigned,
        );
      }),
    );
  });

  it('stays as it is once it is reserved, whatever Nodes come later', () => {
    fc.assert(
      fc.property(someNodes, fc.stringMatching(/^[a-f]x$/), (nodes, newcomer) => {
        const { assigned } = allocateAddresses(network, nodes, []);
        const reservations = [...assigned].map(([name, ip]) => held(name, ip));
        const later = allocateAddresses(network, [...nodes, node(newcomer)], reservations).assigned;

        for (const [name, address] of assigned) assert.equal(later.get(name), address);
      }),
    );
  });

  it('serves a thousand Nodes', () => {
    const wide = { name: 'net', spec: { cidr: '10.0.0.0/16', dhcp: {} } };
    const nodes = Array.from({ length: 1000 }, (_, index) => node(`n${index}`));

    assert.equal(new Set(allocateAddresses(wide, nodes, []).assigned.values()).size, 1000);
    assert.equal(fromNumber(networkAddresses(wide.spec).dhcp.start), '10.0.0.2');
  });
});
