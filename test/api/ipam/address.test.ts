import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ReasonedError } from '../../../src/api/errors.ts';
import {
  areOneFamily,
  formatAddress,
  parseAddress,
  readAddress,
  type Address,
} from '../../../src/api/ipam/address.ts';

const ipv4 = fc.integer({ min: 0, max: 0xff_ff_ff_ff }).map((value): Address => ({
  family: 'ipv4',
  value: BigInt(value),
}));
const ipv6 = fc
  .bigInt({ min: 0n, max: (1n << 128n) - 1n })
  .map((value): Address => ({ family: 'ipv6', value }));

describe('addresses', () => {
  it('of either family come back equal after writing and reading', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6), (address) => {
        assert.deepEqual(parseAddress(formatAddress(address)), address);
      }),
    );
  });

  it('are written in their canonical form', () => {
    assert.equal(formatAddress(parseAddress('192.168.111.150')), '192.168.111.150');
    assert.equal(formatAddress(parseAddress('255.255.255.255')), '255.255.255.255');
    assert.equal(formatAddress(parseAddress('FD00:0:0:0::5')), 'fd00::5');
  });

  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '256.1.1.1',
    '-1.1.1.1',
    '1.2.3.4/24',
    ' 1.2.3.4',
    '1.2.3.',
    '1.2.3.1e1',
    '0x1.2.3.4',
    'fd00::1/64',
    'fe80::1%eth0',
    ':::1',
    'fd00:',
  ]) {
    it(`are refused unless they are one: "${text}"`, () => {
      assert.equal(readAddress(text), undefined);
      assert.throws(() => parseAddress(text), ReasonedError);
    });
  }

  it('outside their family do not exist', () => {
    for (const value of [-1n, 1n << 32n]) {
      assert.throws(() => formatAddress({ family: 'ipv4', value }), ReasonedError);
    }
    assert.throws(() => formatAddress({ family: 'ipv6', value: 1n << 128n }), ReasonedError);
  });

  it('of two families are apart', () => {
    assert.equal(areOneFamily('10.0.0.1', '10.0.0.2'), true);
    assert.equal(areOneFamily('fd00::1', 'fd00::2'), true);
    assert.equal(areOneFamily('10.0.0.1', '::ffff:10.0.0.1'), false);
  });
});
