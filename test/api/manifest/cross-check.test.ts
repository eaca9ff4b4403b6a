import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { crossCheck } from '../../../src/api/manifest/cross-check.ts';
import type { ParsedObject } from '../../../src/api/manifest/types.ts';
import { bridgeName, derivedMac } from '../../../src/api/names.ts';
import { good, imageText, networkText, nodeText, shown } from './samples.ts';

const K8S = networkText('k8s-net', {
  domain: 'k8s-thw.local',
  podCIDR: { cidr: '10.200.0.0/16' },
  dns: { records: [{ address: '192.168.111.77', hostnames: ['registry', 'ntp.example'] }] },
});

/** A Node on k8s-net; `attachment` is merged into its place there. */
function node(name: string, attachment: object = {}, spec: object = {}): string {
  return nodeText(name, { networks: [{ network: 'k8s-net', ...attachment }], ...spec });
}

/** One file a document: a.yaml, b.yaml, … */
function files(documents: readonly string[]): readonly ParsedObject[] {
  return documents.flatMap((text, index) => good(`${'abcdefgh'.charAt(index)}.yaml`, text));
}

interface Case {
  readonly reason: string;
  readonly documents: readonly string[];
  readonly codes: readonly string[];
  readonly lines: readonly string[];
}

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
        'a.yaml: spec.disk.path: disk /srv/a.qcow2 is also that of Node "y" (b.yaml:1)',
        'b.yaml: spec.disk.path: disk /srv/a.qcow2 is also that of Node "x" (a.yaml:1)',
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

describe('a Node and its Network', () => {
  const cases = [
    { address: '192.168.112.1', words: '192.168.112.1 is outside 192.168.111.0/24 of' },
    { address: '192.168.111.1', words: '192.168.111.1 is the gateway of' },
    { address: '192.168.111.0', words: '192.168.111.0 is the address of the network itself of' },
    { address: '192.168.111.255', words: '192.168.111.255 is the broadcast address of' },
  ];
  for (const { address, words } of cases) {
    it(`condemn the Node alone: ${words} the Network`, () => {
      const errors = crossCheck(files([K8S, node('x', { address })]));

      assert.deepEqual(
        errors.map(({ code, message, object }) => [code, message, object.name]),
        [['AddressNotUsable', `${words} Network "k8s-net" (a.yaml:1)`, 'x']],
      );
      assert.deepEqual(
        errors[0]?.objects.map(({ name }) => name),
        ['x', 'k8s-net'],
      );
    });
  }

  it('agree on the pod network: it lies in the range of the first Network', () => {
    const errors = crossCheck(files([K8S, node('x', {}, { podCIDR: '10.201.0.0/24' })]));

    assert.deepEqual(
      errors.map(({ code, message }) => [code, message]),
      [
        [
          'PodCidrOutsideRange',
          '10.201.0.0/24 is outside the pod range 10.200.0.0/16 of Network "k8s-net" (a.yaml:1)',
        ],
      ],
    );
  });

  it('where it has no pod range: the pod network keeps clear of all others', () => {
    const bare = networkText('bare', { cidr: '10.0.0.0/24' });
    const pods = (podCIDR: string): string => nodeText('x', { networks: [{ network: 'bare' }], podCIDR });

    assert.deepEqual(
      [pods('10.200.1.0/24'), pods('10.0.0.0/25'), pods('10.99.0.0/24')].map((text) =>
        crossCheck(files([K8S, bare, text])).map(({ code, object }) => `${code} ${object.name}`),
      ),
      [['OverlappingPodCidr x'], ['OverlappingPodCidr x'], []],
    );
  });
});

describe('clones', () => {
  function clone(name: string, cloneOf: string): string {
    return node(name, {}, { disk: { cloneOf } });
  }

  it('of themselves are condemned', () => {
    const errors = crossCheck(files([clone('x', 'x')]));

    assert.deepEqual(
      errors.map(({ code, message }) => [code, message]),
      [['CloneCircle', 'a Node cannot be a clone of itself']],
    );
  });

  it('in a circle are all condemned, and those that only lead into it are not', () => {
    const errors = crossCheck(files([clone('x', 'y'), clone('y', 'z'), clone('z', 'x'), clone('w', 'x')]));

    assert.deepEqual(
      errors.map(({ code, object, objects }) => [
        code,
        object.name,
        objects.map(({ name }) => name).toSorted(),
      ]),
      ['x', 'y', 'z'].map((name) => ['CloneCircle', name, ['x', 'y', 'z']]),
    );
  });

  it('of clones are fine, and so are those of Nodes that are not there yet', () => {
    assert.deepEqual(
      crossCheck(files([clone('x', 'y'), clone('y', 'z'), clone('v', 'nowhere'), node('z')])),
      [],
    );
  });
});

describe('what is no conflict', () => {
  const cases = [
    {
      reason: 'a Network and an Image that do not exist yet are waited for',
      documents: [node('x'), node('y')],
    },
    {
      reason: 'one name in two kinds',
      documents: [K8S, nodeText('k8s-net', { networks: [{ network: 'other' }] })],
    },
    {
      reason: 'one address in two networks',
      documents: [
        nodeText('x', { networks: [{ network: 'a', address: '10.0.0.9' }] }),
        nodeText('y', { networks: [{ network: 'b', address: '10.0.0.9' }] }),
      ],
    },
    {
      reason: 'one alias in two networks',
      documents: [
        nodeText('x', { networks: [{ network: 'a' }], dnsAliases: ['api'] }),
        nodeText('y', { networks: [{ network: 'b' }], dnsAliases: ['api'] }),
      ],
    },
    { reason: 'a record of another name', documents: [K8S, node('ntp')] },
    { reason: 'networks side by side', documents: [K8S, networkText('b', { cidr: '192.168.112.0/24' })] },
    {
      reason: 'a pod network within the range',
      documents: [K8S, node('x', {}, { podCIDR: '10.200.3.0/24' })],
    },
  ];
  for (const { reason, documents } of cases) {
    it(reason, () => {
      assert.deepEqual(shown(crossCheck(files(documents))), []);
    });
  }
});

describe('the cross-check', () => {
  const pool = [
    ...['x', 'y', 'z'].flatMap((name) => [
      node(name, { address: '192.168.111.9' }),
      node(name, { address: '192.168.111.1', mac: '52:54:00:00:00:01' }, { dnsAliases: ['api'] }),
      node(name, {}, { disk: { cloneOf: 'x' }, podCIDR: '10.200.0.0/24' }),
      node(name, {}, { disk: { path: '/srv/images/debian.qcow2' } }),
    ]),
    ...[
      K8S,
      networkText('b', { bridge: { name: 'virbr-k8s-net' } }),
      networkText('x', { cidr: '10.200.0.0/24' }),
    ],
    imageText('i'),
  ];

  it('finds the same whatever the order of the objects', () => {
    const someObjects = fc.array(fc.constantFrom(...pool), { maxLength: 8 }).map(files);
    fc.assert(
      fc.property(
        someObjects.chain((objects) =>
          fc.tuple(fc.constant(objects), fc.shuffledSubarray([...objects], { minLength: objects.length })),
        ),
        ([objects, shuffled]) => {
          assert.deepEqual(crossCheck(shuffled), crossCheck(objects));
        },
      ),
    );
  });

  it('names a few of many, and stays quick', () => {
    const many = Array.from({ length: 500 }, (_, index) => node(`n${index}`, { mac: '52:54:00:00:00:01' }));
    const errors = crossCheck(good('f', ...many));

    assert.equal(errors.length, 500);
    assert.match(errors[0]?.message ?? '', /Node "n1" .*, Node "n2" .*, Node "n3" .* and 496 more$/);
    assert.ok(errors.every(({ objects }) => objects.length <= 11));
  });

  it('of a lab of a thousand Nodes finds nothing', () => {
    const nodes = Array.from({ length: 1000 }, (_, index) =>
      nodeText(`node${index}`, {
        networks: [{ network: 'big', address: `10.0.${Math.floor(index / 250)}.${(index % 250) + 2}` }],
      }),
    );
    const errors = crossCheck(good('f', networkText('big', { cidr: '10.0.0.0/16' }), ...nodes));

    assert.deepEqual(shown(errors), []);
  });
});
