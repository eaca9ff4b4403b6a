import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crossCheck } from '../../../src/api/manifest/cross-check.ts';
import { bridgeName, derivedVni, derivedMac } from '../../../src/api/ipam/names.ts';
import {
  attachedText as node,
  files,
  imageText,
  K8S_NET as K8S,
  networkText,
  nodeText,
  shown,
} from './samples.ts';

interface Case {
  readonly reason: string;
  readonly documents: readonly string[];
  readonly codes: readonly string[];
  readonly lines: readonly string[];
}

const ONE_GUEST =
  '(two guests would destroy it: give each a file of its own, or copy the disk of a Node by disk.cloneOf)';

describe('objects that claim the same', () => {
  const cases: readonly Case[] = [
    {
      reason: 'kind and name',
      documents: [node('x'), node('x', { address: '192.168.111.9' })],
      codes: ['DuplicateObject Node/x', 'DuplicateObject Node/x'],
      lines: [
        'a.yaml: metadata.name: Node "x" is also defined as Node "x" (b.yaml:1)',
        'b.yaml: metadata.name: Node "x" is also defined as Node "x" (a.yaml:1)',
      ],
    },
    {
      reason: 'kind and name, three of them',
      documents: [node('x'), node('x'), node('x')],
      codes: ['DuplicateObject Node/x', 'DuplicateObject Node/x', 'DuplicateObject Node/x'],
      lines: [
        'a.yaml: metadata.name: Node "x" is also defined as Node "x" (b.yaml:1), Node "x" (c.yaml:1)',
        'b.yaml: metadata.name: Node "x" is also defined as Node "x" (a.yaml:1), Node "x" (c.yaml:1)',
        'c.yaml: metadata.name: Node "x" is also defined as Node "x" (a.yaml:1), Node "x" (b.yaml:1)',
      ],
    },
    {
      reason: 'a MAC address, in any case',
      documents: [node('x', { mac: '52:54:00:0A:00:01' }), node('y', { mac: '52:54:00:0a:00:01' })],
      codes: ['DuplicateMac Node/x', 'DuplicateMac Node/y'],
      lines: [
        'a.yaml: spec.networks[0].mac: MAC address 52:54:00:0a:00:01 is also that of Node "y" (b.yaml:1)',
        'b.yaml: spec.networks[0].mac: MAC address 52:54:00:0a:00:01 is also that of Node "x" (a.yaml:1)',
      ],
    },
    {
      reason: 'a MAC address that one of them derives',
      documents: [
        node('x'),
        nodeText('y', { networks: [{ network: 'z', mac: derivedMac('k8s-net', 'x') }] }),
      ],
      codes: ['DuplicateMac Node/x', 'DuplicateMac Node/y'],
      lines: [
        `a.yaml: spec.networks[0].mac: MAC address ${derivedMac('k8s-net', 'x')} is also that of Node "y" (b.yaml:1)`,
        `b.yaml: spec.networks[0].mac: MAC address ${derivedMac('k8s-net', 'x')} is also that of Node "x" (a.yaml:1)`,
      ],
    },
    {
      reason: 'the MAC address of a bridge',
      documents: [
        networkText('k8s-net', { bridge: { mac: '52:54:00:0A:00:01' } }),
        node('x', { mac: '52:54:00:0a:00:01' }),
      ],
      codes: ['DuplicateMac Network/k8s-net', 'DuplicateMac Node/x'],
      lines: [
        'a.yaml: spec.bridge.mac: MAC address 52:54:00:0a:00:01 is also that of Node "x" (b.yaml:1)',
        'b.yaml: spec.networks[0].mac: MAC address 52:54:00:0a:00:01 is also that of Network "k8s-net" (a.yaml:1)',
      ],
    },
    {
      reason: 'an address on one network, even one that does not exist yet',
      documents: [node('x', { address: '192.168.111.9' }), node('y', { address: '192.168.111.9' })],
      codes: ['DuplicateAddress Node/x', 'DuplicateAddress Node/y'],
      lines: [
        'a.yaml: spec.networks[0].address: address 192.168.111.9 is also that of Node "y" (b.yaml:1)',
        'b.yaml: spec.networks[0].address: address 192.168.111.9 is also that of Node "x" (a.yaml:1)',
      ],
    },
    {
      reason: 'a name: an alias that is the name of another',
      documents: [K8S, node('x'), node('y', {}, { dnsAliases: ['x.k8s-thw.local'] })],
      codes: ['DuplicateName Node/x', 'DuplicateName Node/y'],
      lines: [
        'b.yaml: metadata.name: name x.k8s-thw.local is also that of Node "y" (c.yaml:1)',
        'c.yaml: spec.dnsAliases[0]: name x.k8s-thw.local is also that of Node "x" (b.yaml:1)',
      ],
    },
    {
      reason: 'an alias, with the domain and without',
      documents: [
        K8S,
        node('x', {}, { dnsAliases: ['api'] }),
        node('y', {}, { dnsAliases: ['api.k8s-thw.local'] }),
      ],
      codes: ['DuplicateName Node/x', 'DuplicateName Node/y'],
      lines: [
        'b.yaml: spec.dnsAliases[0]: name api.k8s-thw.local is also that of Node "y" (c.yaml:1)',
        'c.yaml: spec.dnsAliases[0]: name api.k8s-thw.local is also that of Node "x" (b.yaml:1)',
      ],
    },
    {
      reason: 'an alias, on two networks: the vmhost has one list of names',
      documents: [
        K8S,
        networkText('second', { cidr: '192.168.112.0/24' }),
        node('x', {}, { dnsAliases: ['api.example.org'] }),
        nodeText('y', { networks: [{ network: 'second' }], dnsAliases: ['api.example.org'] }),
      ],
      codes: ['DuplicateName Node/x', 'DuplicateName Node/y'],
      lines: [
        'c.yaml: spec.dnsAliases[0]: name api.example.org is also that of Node "y" (d.yaml:1)',
        'd.yaml: spec.dnsAliases[0]: name api.example.org is also that of Node "x" (c.yaml:1)',
      ],
    },
    {
      reason: 'the name of every machine',
      documents: [K8S, node('localhost'), node('x', {}, { dnsAliases: ['localhost'] })],
      codes: [
        'DuplicateName Node/localhost',
        'NameNotUsable Node/localhost',
        'DuplicateName Node/x',
        'NameNotUsable Node/x',
      ],
      lines: [
        'b.yaml: metadata.name: name localhost.k8s-thw.local is also that of Node "x" (c.yaml:1)',
        'b.yaml: metadata.name: localhost is what every machine calls itself',
        'c.yaml: spec.dnsAliases[0]: name localhost.k8s-thw.local is also that of Node "localhost" (b.yaml:1)',
        'c.yaml: spec.dnsAliases[0]: localhost is what every machine calls itself',
      ],
    },
    {
      reason: 'more than a host name may have, with the domain',
      documents: [K8S, node('n'.repeat(51)), node('m'.repeat(50))],
      codes: [`NameNotUsable Node/${'n'.repeat(51)}`],
      lines: [
        `b.yaml: metadata.name: the full name ${'n'.repeat(51)}.k8s-thw.local has 65 characters, and Linux takes 64 at most`,
      ],
    },
    {
      reason: 'an alias that is the own name',
      documents: [K8S, node('x', {}, { dnsAliases: ['x'] })],
      codes: ['DuplicateName Node/x'],
      lines: ["b.yaml: spec.dnsAliases[0]: name x.k8s-thw.local is the Node's already"],
    },
    {
      reason: "a network's record; the Node alone is condemned, the network serves the others",
      documents: [K8S, node('registry')],
      codes: ['DuplicateName Node/registry'],
      lines: [
        'b.yaml: metadata.name: name registry.k8s-thw.local is a record of Network "k8s-net" (a.yaml:1)',
      ],
    },
    {
      reason: 'addresses of networks, one within the other',
      documents: [K8S, networkText('wide', { cidr: '192.168.0.0/16' })],
      codes: ['OverlappingNetworks Network/k8s-net', 'OverlappingNetworks Network/wide'],
      lines: [
        'a.yaml: spec.cidr: 192.168.111.0/24 overlaps 192.168.0.0/16 of Network "wide" (b.yaml:1)',
        'b.yaml: spec.cidr: 192.168.0.0/16 overlaps 192.168.111.0/24 of Network "k8s-net" (a.yaml:1)',
      ],
    },
    {
      reason: 'a bridge, one given and one derived',
      documents: [
        networkText('long-network-name'),
        networkText('other', { cidr: '10.0.0.0/24', bridge: { name: bridgeName('long-network-name') } }),
      ],
      codes: ['DuplicateBridge Network/long-network-name', 'DuplicateBridge Network/other'],
      lines: [
        `a.yaml: spec.bridge.name: bridge ${bridgeName('long-network-name')} is also that of Network "other" (b.yaml:1)`,
        `b.yaml: spec.bridge.name: bridge ${bridgeName('long-network-name')} is also that of Network "long-network-name" (a.yaml:1)`,
      ],
    },
    {
      reason: 'a VNI, one given and one derived, on the same port',
      documents: [
        networkText('a', { overlay: {} }),
        networkText('b', { cidr: '10.0.0.0/24', overlay: { vni: derivedVni('a') } }),
        networkText('c', { cidr: '10.1.0.0/24', overlay: { vni: derivedVni('a'), port: 8472 } }),
      ],
      codes: ['DuplicateVNI Network/a', 'DuplicateVNI Network/b'],
      lines: [
        `a.yaml: spec.overlay.vni: VNI ${derivedVni('a')} on port 4789 is also that of Network "b" (b.yaml:1)`,
        `b.yaml: spec.overlay.vni: VNI ${derivedVni('a')} on port 4789 is also that of Network "a" (a.yaml:1)`,
      ],
    },
    {
      reason: 'pod ranges of networks',
      documents: [K8S, networkText('b', { cidr: '10.0.0.0/24', podCIDR: { cidr: '10.200.8.0/22' } })],
      codes: ['OverlappingPodCidr Network/k8s-net', 'OverlappingPodCidr Network/b'],
      lines: [
        'a.yaml: spec.podCIDR.cidr: 10.200.0.0/16 overlaps 10.200.8.0/22 of Network "b" (b.yaml:1)',
        'b.yaml: spec.podCIDR.cidr: 10.200.8.0/22 overlaps 10.200.0.0/16 of Network "k8s-net" (a.yaml:1)',
      ],
    },
    {
      reason: 'a pod range and another network',
      documents: [K8S, networkText('b', { cidr: '10.200.9.0/24' })],
      codes: ['OverlappingPodCidr Network/k8s-net', 'OverlappingPodCidr Network/b'],
      lines: [
        'a.yaml: spec.podCIDR.cidr: 10.200.0.0/16 overlaps 10.200.9.0/24 of Network "b" (b.yaml:1)',
        'b.yaml: spec.cidr: 10.200.9.0/24 overlaps 10.200.0.0/16 of Network "k8s-net" (a.yaml:1)',
      ],
    },
    {
      reason: 'pod networks of Nodes, one within the other',
      documents: [node('x', {}, { podCIDR: '10.200.0.0/24' }), node('y', {}, { podCIDR: '10.200.0.0/25' })],
      codes: ['OverlappingPodCidr Node/x', 'OverlappingPodCidr Node/y'],
      lines: [
        'a.yaml: spec.podCIDR: 10.200.0.0/24 overlaps 10.200.0.0/25 of Node "y" (b.yaml:1)',
        'b.yaml: spec.podCIDR: 10.200.0.0/25 overlaps 10.200.0.0/24 of Node "x" (a.yaml:1)',
      ],
    },
    {
      reason: 'a disk file, however it is written',
      documents: [
        node('x', {}, { disk: { path: '/srv/a.qcow2' } }),
        node('y', {}, { disk: { path: '/srv/./a.qcow2' } }),
      ],
      codes: ['DuplicateDisk Node/x', 'DuplicateDisk Node/y'],
      lines: [
        `a.yaml: spec.disk.path: disk /srv/a.qcow2 is also that of Node "y" (b.yaml:1) ${ONE_GUEST}`,
        `b.yaml: spec.disk.path: disk /srv/a.qcow2 is also that of Node "x" (a.yaml:1) ${ONE_GUEST}`,
      ],
    },
    {
      reason: 'a disk file that k8slab makes for the other (R27)',
      documents: [
        node('x', {}, { disk: { path: '/var/lib/libvirt/images/k8slab/disks/y.qcow2' } }),
        node('y'),
        node('z', {}, { disk: { path: '/var/lib/libvirt/images/k8slab/disks/z.qcow2' } }),
        node('w', {}, { disk: { path: '/var/lib/libvirt/images/k8slab/disks/v.qcow2' } }),
      ],
      codes: ['DuplicateDisk Node/x', 'DuplicateDisk Node/y'],
      lines: [
        `a.yaml: spec.disk.path: disk /var/lib/libvirt/images/k8slab/disks/y.qcow2 is also that of Node "y" (b.yaml:1) ${ONE_GUEST}`,
        `b.yaml: spec.disk: disk /var/lib/libvirt/images/k8slab/disks/y.qcow2 is also that of Node "x" (a.yaml:1) ${ONE_GUEST}`,
      ],
    },
    {
      reason: 'a disk file that is the source of an Image: the guest would write to it',
      documents: [imageText('i'), node('x', {}, { disk: { path: '/srv/images/debian.qcow2' } })],
      codes: ['DuplicateDisk Node/x'],
      lines: [
        'b.yaml: spec.disk.path: disk /srv/images/debian.qcow2 would change the source of Image "i" (a.yaml:1)',
      ],
    },
  ];
  for (const { reason, documents, codes, lines } of cases) {
    it(`are condemned, each with an error that names the other: ${reason}`, () => {
      const errors = crossCheck(files(documents));

      assert.deepEqual(
        errors.map(({ code, object }) => `${code} ${object.kind}/${object.name}`),
        codes,
      );
      assert.deepEqual(
        shown(errors).map((line) => line.replace(/:\d+:\d+: /, ': ')),
        lines,
      );
      for (const { object, objects } of errors) assert.deepEqual(objects[0], object);
    });
  }
});
