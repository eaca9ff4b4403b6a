import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ReasonedError } from '../../../src/api/errors.ts';
import { formatAddress, parseAddress } from '../../../src/api/ipam/address.ts';
import {
  contains,
  containsSubnet,
  formatSubnet,
  hasHostBits,
  hosts,
  interfaceOf,
  netmask,
  overlaps,
  parseInterface,
  parseSubnet,
  readSubnet,
  subnetOf,
} from '../../../src/api/ipam/subnet.ts';

const ipv4Subnet = fc
  .tuple(fc.integer({ min: 0, max: 0xff_ff_ff_ff }), fc.integer({ min: 8, max: 30 }))
  .map(([value, prefix]) => subnetOf({ family: 'ipv4', value: BigInt(value) }, prefix));
const ipv6Subnet = fc
  .tuple(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), fc.integer({ min: 1, max: 128 }))
  .map(([value, prefix]) => subnetOf({ family: 'ipv6', value }, prefix));
const anySubnet = fc.oneof(ipv4Subnet, ipv6Subnet);

describe('subnets', () => {
  for (const [text, first, last] of [
    ['192.168.111.0/24', '192.168.111.1', '192.168.111.254'],
    ['10.0.0.0/30', '10.0.0.1', '10.0.0.2'],
    ['fd00:1::/64', 'fd00:1::1', 'fd00:1::ffff:ffff:ffff:ffff'],
  ] as const) {
    it(`know the addresses of their machines: ${text}`, () => {
      const subnet = parseSubnet(text);
      const ends = hosts(subnet);

      assert.equal(formatAddress({ ...subnet, value: ends.first }), first);
      assert.equal(formatAddress({ ...subnet, value: ends.last }), last);
      assert.equal(formatSubnet(subnet), text);
    });
  }

  it('reach the ends of the address space without overflow', () => {
    assert.equal(formatSubnet(parseSubnet('255.255.255.255/8')), '255.0.0.0/8');
    assert.equal(parseSubnet('0.0.0.0/0').last, 0xff_ff_ff_ffn);
    assert.equal(parseSubnet('::/0').last, (1n << 128n) - 1n);
  });

  it('tell set host bits apart', () => {
    assert.equal(hasHostBits(parseInterface('10.0.0.0/24')), false);
    assert.equal(hasHostBits(parseInterface('10.0.0.1/24')), true);
    assert.equal(hasHostBits(parseInterface('fd00::1/64')), true);
  });

  for (const text of [
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/024',
    '10.0.0/24',
    '10.0.0.0/24/1',
    '10.0.0.0/ 8',
    'fd00::/129',
  ]) {
    it(`are refused unless they are one: "${text}"`, () => {
      assert.equal(readSubnet(text), undefined);
      assert.throws(() => parseSubnet(text), ReasonedError);
    });
  }

  it('overlap exactly when they share an address', () => {
    const cases = [
      { a: '10.0.0.0/24', b: '10.0.0.0/24', shared: true, reason: 'equal' },
      { a: '10.0.0.0/8', b: '10.9.8.0/24', shared: true, reason: 'one within the other' },
      { a: '10.0.0.0/24', b: '10.0.1.0/24', shared: false, reason: 'neighbours' },
      { a: '0.0.0.0/0', b: '::/0', shared: false, reason: 'of two families' },
    ];
    for (const { a, b, shared, reason } of cases) {
      assert.equal(overlaps(parseSubnet(a), parseSubnet(b)), shared, reason);
    }
  });

  it('overlap the other way round too, and always where one contains the other', () => {
    fc.assert(
      fc.property(anySubnet, anySubnet, (a, b) => {
        assert.equal(overlaps(a, b), overlaps(b, a));
        assert.equal(overlaps(a, b), containsSubnet(a, b) || containsSubnet(b, a));
        assert.equal(
          contains(a, { family: b.family, value: b.first }),
          containsSubnet(a, { ...b, last: b.first }),
        );
      }),
    );
  });

  it('have the netmask that libvirt wants', () => {
    assert.deepEqual([8, 24, 30].map(netmask), ['255.0.0.0', '255.255.255.0', '255.255.255.252']);
  });

  it('are read as libvirt writes them, with a netmask or a prefix, of either family', () => {
    const ips = [
      { address: '10.0.0.1', netmask: '255.255.0.0' },
      { address: '10.0.0.1', prefix: '16' },
      { address: 'fd00::1', prefix: '64' },
      { address: '10.0.0.1', netmask: '255.0.255.0' },
      { address: '10.0.0.1' },
    ];

    const found = ips.map(interfaceOf).map((ip) => ip && formatSubnet(ip.subnet));
    assert.deepEqual(found, ['10.0.0.0/16', '10.0.0.0/16', 'fd00::/64', undefined, undefined]);
    assert.deepEqual(interfaceOf({ address: '10.0.0.1', prefix: '16' })?.address, parseAddress('10.0.0.1'));
  });
});
