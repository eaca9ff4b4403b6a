import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { crossCheck } from '../../../src/api/manifest/cross-check.ts';
import {
  attachedText as node,
  files,
  good,
  imageText,
  K8S_NET as K8S,
  networkText,
  nodeText,
  shown,
} from './samples.ts';

describe('a Node and its Network', () => {
  const cases = [
    { address: '192.168.112.1', words: '192.168.112.1 is outside 192.168.111.0/24 of' },
    { address: '192.168.111.1', words: '192.168.111.1 is the gateway of' },
    { address: '192.168.111.0', words: '192.168.111.0 is the address of the network itself of' },
    { address: '192.168.111.255', words: '192.168.111.255 is the broadcast address of' },
  ];
  for (const { address, words } of cases) {
    it(`E10: condemn the Node alone: ${words} the Network`, () => {
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

  it('do not agree on a pod network that is larger than the range', () => {
    const errors = crossCheck(files([K8S, node('x', {}, { podCIDR: '10.200.0.0/15' })]));

    assert.deepEqual(
      errors.map(({ code }) => code),
      ['PodCidrOutsideRange'],
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
    {
      reason: 'an alias on the second network of a Node: aliases are for the first',
      documents: [
        nodeText('x', { networks: [{ network: 'a' }, { network: 'b' }], dnsAliases: ['api'] }),
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
