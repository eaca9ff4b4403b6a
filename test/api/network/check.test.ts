import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { complaints, networkText } from '../manifest/samples.ts';

describe('a Network', () => {
  const refused = [
    {
      spec: { cidr: '192.168.111.1/24' },
      lines: [
        'spec.cidr: 192.168.111.1/24 is an address within a network, not a network (write 192.168.111.0/24)',
      ],
    },
    { spec: { cidr: '8.0.0.0/7' }, lines: ['spec.cidr: the prefix length must be from /8 to /30, found /7'] },
    {
      spec: { cidr: '10.0.0.0/31' },
      lines: ['spec.cidr: the prefix length must be from /8 to /30, found /31'],
    },
    ...[
      ['0.0.0.0/8', '0.0.0.0/8, which is reserved for this network'],
      ['127.0.0.0/24', '127.0.0.0/8, which is reserved for loopback'],
      ['169.254.1.0/24', '169.254.0.0/16, which is reserved for link-local addresses'],
      ['224.0.0.0/24', '224.0.0.0/4, which is reserved for multicast'],
      ['240.0.0.0/24', '240.0.0.0/4, which is reserved for future use'],
    ].map(([cidr = '', met = '']) => ({
      spec: { cidr },
      lines: [`spec.cidr: ${cidr} meets ${met} (take a private range such as 192.168.111.0/24)`],
    })),
    { spec: { gateway: '10.0.0.1' }, lines: ['spec.gateway: 10.0.0.1 is outside 192.168.111.0/24'] },
    {
      spec: { gateway: '192.168.111.0' },
      lines: ['spec.gateway: 192.168.111.0 is the address of the network itself'],
    },
    {
      spec: { gateway: '192.168.111.255' },
      lines: ['spec.gateway: 192.168.111.255 is the broadcast address'],
    },
    {
      spec: { dhcp: { start: '10.0.0.1', end: '192.168.111.255' } },
      lines: [
        'spec.dhcp.start: 10.0.0.1 is outside 192.168.111.0/24',
        'spec.dhcp.end: 192.168.111.255 is the broadcast address',
      ],
    },
    {
      spec: { dhcp: { start: '192.168.111.9', end: '192.168.111.8' } },
      lines: ['spec.dhcp.start: the range 192.168.111.9-192.168.111.8 is empty'],
    },
    {
      spec: { gateway: '192.168.111.9', dhcp: { start: '192.168.111.9' } },
      lines: ['spec.dhcp.start: 192.168.111.9 is the gateway'],
    },
    {
      spec: { dhcp: { start: '192.168.111.1' } },
      lines: ['spec.dhcp.start: 192.168.111.1 is the gateway'],
    },
    {
      spec: { cidr: '10.0.0.0/8', dhcp: { start: '10.0.0.9', end: '10.1.0.9' } },
      lines: [
        'spec.dhcp.start: the range 10.0.0.9-10.1.0.9 is larger than libvirt accepts (start and end must agree in their first two numbers)',
      ],
    },
    {
      spec: { bridge: { name: 'a-bridge-of-sixteen' } },
      lines: [
        'spec.bridge.name: must be an interface name of at most 15 characters, found "a-bridge-of-sixteen"',
      ],
    },
    {
      spec: { podCIDR: { cidr: '192.168.0.0/16' } },
      lines: ["spec.podCIDR.cidr: 192.168.0.0/16 overlaps the network's own 192.168.111.0/24"],
    },
    {
      spec: { podCIDR: { cidr: '10.200.0.1/16', nodeMaskSize: 15 } },
      lines: [
        'spec.podCIDR.cidr: 10.200.0.1/16 is an address within a network, not a network (write 10.200.0.0/16)',
        'spec.podCIDR.nodeMaskSize: /15 for one worker is larger than the whole range (/16)',
      ],
    },
    {
      spec: { forward: { mode: 'open', dev: 'eth0' } },
      lines: ['spec.forward.dev: mode open takes no interface (leave dev out)'],
    },
    {
      spec: { forward: { mode: 'route', natPorts: { start: 2000, end: 1000 } } },
      lines: [
        'spec.forward.natPorts: mode route takes no NAT ports (leave natPorts out)',
        'spec.forward.natPorts: start 2000 is above end 1000',
      ],
    },
  ];
  for (const { spec, lines } of refused) {
    it(`is refused when ${JSON.stringify(spec)}`, () => {
      assert.deepEqual(complaints(networkText('n', spec)), lines);
    });
  }

  const accepted = [
    { spec: {}, reason: 'a network is all that is needed' },
    { spec: { cidr: '10.0.0.0/30' }, reason: 'the smallest' },
    { spec: { cidr: '10.0.0.0/8' }, reason: 'the largest' },
    { spec: { gateway: '192.168.111.100' }, reason: 'a gateway within the range: dnsmasq steps over it' },
    { spec: { forward: { mode: 'route', dev: 'eth0' } }, reason: 'a routed network may name its interface' },
    { spec: { forward: { natPorts: { start: 1024, end: 1024 } } }, reason: 'one NAT port' },
    { spec: { podCIDR: { cidr: '10.200.0.0/24', nodeMaskSize: 24 } }, reason: 'a pod range for one worker' },
  ];
  for (const { spec, reason } of accepted) {
    it(`is accepted: ${reason}`, () => {
      assert.deepEqual(complaints(networkText('n', spec)), []);
    });
  }
});
