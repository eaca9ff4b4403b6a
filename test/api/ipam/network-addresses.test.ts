import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatAddress, parseAddress } from '../../../src/api/ipam/address.ts';
import { dynamicRanges, isUsable, networkAddresses } from '../../../src/api/ipam/network-addresses.ts';

function summary(spec: Parameters<typeof networkAddresses>[0]): string {
  const addresses = networkAddresses(spec);
  const ranges = dynamicRanges(addresses).map(({ start, end }) => `${start}-${end}`);
  return `${formatAddress(addresses.gateway)} ${ranges.join(' ')} ${addresses.netmask}`;
}

describe('the addresses of a Network', () => {
  const cases = [
    {
      spec: { cidr: '192.168.111.0/24', dhcp: { start: '192.168.111.8', end: '192.168.111.254' } },
      expected: '192.168.111.1 192.168.111.8-192.168.111.254 255.255.255.0',
      reason: "the tutorial's",
    },
    {
      spec: { cidr: '10.0.0.0/24', dhcp: {} },
      expected: '10.0.0.1 10.0.0.2-10.0.0.254 255.255.255.0',
      reason: 'the gateway is the first host, the range all others',
    },
    {
      spec: { cidr: '10.0.0.0/24', gateway: '10.0.0.254', dhcp: {} },
      expected: '10.0.0.254 10.0.0.1-10.0.0.253 255.255.255.0',
      reason: 'a gateway at the end is not in the range',
    },
    {
      spec: { cidr: '10.0.0.0/30', dhcp: {} },
      expected: '10.0.0.1 10.0.0.2-10.0.0.2 255.255.255.252',
      reason: 'the smallest network has one guest',
    },
    {
      spec: { cidr: '10.0.0.0/8', dhcp: {} },
      expected: '10.0.0.1 10.0.0.2-10.0.255.255 255.0.0.0',
      reason: 'libvirt refuses ranges whose ends differ in their first two bytes',
    },
    {
      spec: { cidr: '10.0.0.0/8', dhcp: { end: '10.3.0.9' } },
      expected: '10.0.0.1 10.3.0.0-10.3.0.9 255.0.0.0',
      reason: 'the same where only the end is given',
    },
    {
      spec: { cidr: '10.0.0.0/8', dhcp: { start: '10.255.0.1' } },
      expected: '10.0.0.1 10.255.0.1-10.255.255.254 255.0.0.0',
      reason: 'the broadcast address is never in the range',
    },
    {
      spec: { cidr: '10.0.0.0/24', dhcp: { exclude: ['10.0.0.100-10.0.0.200', '10.0.0.2', '10.0.0.201'] } },
      expected: '10.0.0.1 10.0.0.3-10.0.0.99 10.0.0.202-10.0.0.254 255.255.255.0',
      reason: 'dnsmasq hands out nothing that is excluded',
    },
  ];
  for (const { spec, expected, reason } of cases) {
    it(`follow from its spec: ${reason}`, () => {
      assert.equal(summary(spec), expected);
    });
  }

  it('are for guests except the first, the last and the gateway', () => {
    const network = networkAddresses({ cidr: '10.0.0.0/24', gateway: '10.0.0.7', dhcp: {} });
    const usable = ['10.0.0.0', '10.0.0.1', '10.0.0.7', '10.0.0.254', '10.0.0.255', '10.0.1.1'].map(
      (address) => isUsable(network, parseAddress(address)),
    );

    assert.deepEqual(usable, [false, true, false, true, false, false]);
  });
});
