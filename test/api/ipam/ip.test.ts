import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ReasonedError } from '../../../src/api/errors.ts';
import {
  contains,
  containsCidr,
  formatCidr,
  fromNumber,
  hosts,
  isCidr,
  isNetwork,
  netmask,
  overlaps,
  parseCidr,
  toNumber,
} from '../../../src/api/ipam/ip.ts';

const anyAddress = fc.integer({ min: 0, max: 0xff_ff_ff_ff });
const anyCidr = fc
  .tuple(anyAddress, fc.integer({ min: 8, max: 30 }))
  .map(([address, prefix]) => parseCidr(`${fromNumber(address)}/${prefix}`));

describe('addresses', () => {
  it('come back equal after writing and reading', () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        assert.equal(toNumber(fromNumber(address)), address);
      }),
    );
  });

  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '256.1.1.1',
    '1.2.3.4/24',
    ' 1.2.3.4',
    '::1',
    '0x1.2.3.4',
  ]) {
    it(`are refused unless canonical: "${text}"`, () => {
      assert.throws(() => toNumber(text), ReasonedError);
    });
  }

  it('above 255.255.255.255 or below 0.0.0.0 do not exist', () => {
    for (const address of [-1, 2 ** 32, 1.5]) assert.throws(() => fromNumber(address), ReasonedError);
  });
});

describe('networks', () => {
  it('know their first and last address and their machines', () => {
    const cidr = parseCidr('192.168.111.0/24');

    assert.equal(fromNumber(cidr.network), '192.168.111.0');
    assert.equal(fromNumber(cidr.broadcast), '192.168.111.255');
    assert.equal(fromNumber(hosts(cidr).first), '192.168.111.1');
    assert.equal(fromNumber(hosts(cidr).last), '192.168.111.254');
  });

  it('reach the ends of the address space without overflow', () => {
    assert.equal(formatCidr(parseCidr('255.255.255.255/8')), '255.0.0.0/8');
    assert.equal(parseCidr('255.0.0.0/8').broadcast, 0xff_ff_ff_ff);
    assert.equal(parseCidr('0.0.0.0/0').broadcast, 0xff_ff_ff_ff);
  });

  it('tell set host bits apart', () => {
    assert.equal(isNetwork(parseCidr('10.0.0.0/24')), true);
    assert.equal(isNetwork(parseCidr('10.0.0.1/24')), false);
  });

  for (const text of [
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/024',
    '10.0.0/24',
    '10.0.0.0/24/1',
    '10.0.0.0/ 8',
  ]) {
    it(`are refused unless canonical: "${text}"`, () => {
      assert.equal(isCidr(text), false);
      assert.throws(() => parseCidr(text), ReasonedError);
    });
  }

  it('overlap exactly when they share an address', () => {
    const cases = [
      { a: '10.0.0.0/24', b: '10.0.0.0/24', shared: true, reason: 'equal' },
      { a: '10.0.0.0/8', b: '10.9.8.0/24', shared: true, reason: 'one within the other' },
      { a: '10.0.0.0/24', b: '10.0.1.0/24', shared: false, reason: 'neighbours' },
    ];
    for (const { a, b, shared, reason } of cases) {
      assert.equal(overlaps(parseCidr(a), parseCidr(b)), shared, reason);
    }
  });

  it('overlap the other way round too, and always where one contains the other', () => {
    fc.assert(
      fc.property(anyCidr, anyCidr, (a, b) => {
        assert.equal(overlaps(a, b), overlaps(b, a));
        assert.equal(overlaps(a, b), containsCidr(a, b) || containsCidr(b, a));
        assert.equal(contains(a, b.network), containsCidr(a, { ...b, broadcast: b.network }));
      }),
    );
  });

  it('have the netmask that libvirt wants', () => {
    assert.deepEqual([8, 24, 30].map(netmask), ['255.0.0.0', '255.255.255.0', '255.255.255.252']);
  });
});
