import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkObject } from '../../../src/api/manifest/validate.ts';
import { errorLines, good, imageText, networkText, nodeText } from './samples.ts';

/** Errors without their place, which is that of the field. */
function complaints(text: string): readonly string[] {
  return errorLines(text).map((line) => line.replace(/^\d+:\d+: /, ''));
}

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

describe('an Image', () => {
  it('over http needs a checksum, over https or from a file it does not', () => {
    const checksum = `sha256:${'0'.repeat(64)}`;

    assert.deepEqual(complaints(imageText('i', { source: 'http://mirror.example/a.qcow2' })), [
      'spec.source: an http URL needs a checksum (add spec.checksum or use https)',
    ]);
    for (const spec of [
      { source: 'http://mirror.example/a', checksum },
      { source: 'https://mirror.example/a' },
      {},
    ]) {
      assert.deepEqual(complaints(imageText('i', spec)), []);
    }
  });
});

describe('a Node', () => {
  const refused = [
    {
      spec: { disk: {} },
      lines: ['spec.disk: one of image, cloneOf and path must say where the disk comes from'],
    },
    {
      spec: { disk: { image: 'a', cloneOf: 'b', path: '/c' } },
      lines: [
        'spec.disk.cloneOf: only one of image, cloneOf and path can be given, image is there already',
        'spec.disk.path: only one of image, cloneOf and path can be given, image is there already',
      ],
    },
    {
      spec: { disk: { path: '/c', size: '1Gi' } },
      lines: ['spec.disk.size: an existing disk file keeps its size (leave size out)'],
    },
    {
      spec: { disk: { image: 'a', size: '1Ki' } },
      lines: ['spec.disk.size: must be at least 1Mi, found 1Ki'],
    },
    {
      spec: { disk: { image: 'a', size: '9999999Ti' } },
      lines: ['spec.disk.size: cannot read quantity "9999999Ti": it is too large'],
    },
    { spec: { memory: '63Mi' }, lines: ['spec.memory: must be at least 64Mi, found 63Mi'] },
    {
      spec: { networks: [{ network: 'a' }, { network: 'b' }, { network: 'a' }] },
      lines: ['spec.networks[2].network: a is there twice'],
    },
    {
      spec: {
        networks: [
          { network: 'a', mac: '52:54:00:00:00:0A' },
          { network: 'b', mac: '52:54:00:00:00:0a' },
        ],
      },
      lines: ['spec.networks[1].mac: 52:54:00:00:00:0a is there twice'],
    },
    {
      spec: { networks: [{ network: 'a', mac: 'FE:54:00:00:00:0A' }] },
      lines: ['spec.networks[0].mac: libvirt keeps addresses that begin with fe, found fe:54:00:00:00:0a'],
    },
    { spec: { dnsAliases: ['api', 'www', 'api'] }, lines: ['spec.dnsAliases[2]: api is there twice'] },
    {
      spec: {
        cloudInit: {
          files: [
            { path: '/a', content: '' },
            { path: '/a', content: 'b' },
          ],
        },
      },
      lines: ['spec.cloudInit.files[1].path: /a is there twice'],
    },
    {
      spec: { podCIDR: '10.200.0.9/24' },
      lines: [
        'spec.podCIDR: 10.200.0.9/24 is an address within a network, not a network (write 10.200.0.0/24)',
      ],
    },
  ];
  for (const { spec, lines } of refused) {
    it(`is refused when ${JSON.stringify(spec)}`, () => {
      assert.deepEqual(complaints(nodeText('n', spec)), lines);
    });
  }

  it('E10: is refused with an address of another family', () => {
    assert.deepEqual(complaints(nodeText('n', { networks: [{ network: 'a', address: 'fd00::9' }] })), [
      'spec.networks[0].address: must be an IPv4 address such as 192.168.111.150, found "fd00::9"',
    ]);
  });

  for (const disk of [{ image: 'a' }, { cloneOf: 'a', size: '20Gi' }, { path: '/srv/a.qcow2' }]) {
    it(`is accepted with disk ${JSON.stringify(disk)}`, () => {
      assert.deepEqual(complaints(nodeText('n', { disk, memory: '64Mi' })), []);
    });
  }
});

describe('a good object', () => {
  it('has no issues: the check that parsing runs can be run again', () => {
    for (const object of good('f', networkText('a'), imageText('b'), nodeText('c'))) {
      assert.deepEqual(checkObject(object), []);
    }
  });
});
