import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { condition } from '../../../src/api/conditions.ts';
import { desireNode, nodeNetworks, nodeSource } from '../../../src/api/node/desire.ts';
import { entry, image, network, node } from './bed.ts';

const READY = [condition('Ready', 'True', 'Ready')];
const master00 = node('master00');
const others = { ...entry, node: 'aaa', mac: '52:54:00:00:00:0a', ip: '192.168.111.10' };
const k8sNet = network('k8s-net', { entries: [others, entry] });
const TWO = {
  networks: [
    { network: 'k8s-net', mac: entry.mac },
    { network: 'storage', mac: '52:54:00:00:00:02' },
  ],
};

describe('the networks of a Node', () => {
  it('are ready when each serves the reservation that the manifest wants', () => {
    assert.deepEqual(nodeNetworks(master00, [k8sNet]), { entries: [entry], dependency: { state: 'ready' } });
  });

  const cases = [
    ['there is no such Network', [], 'NetworkNotFound'],
    ['the Network was not looked at yet', [network('k8s-net', {}, [])], 'NetworkNotReady'],
    [
      'the reservation is not live',
      [network('k8s-net', { entries: [{ ...entry, live: false }] })],
      'ReservationNotLive',
    ],
    [
      'the reservation has another MAC address',
      [network('k8s-net', { entries: [{ ...entry, mac: 'x' }] })],
      'NetworkNotReady',
    ],
  ] as const;
  for (const [when, networks, reason] of cases) {
    it(`are waited for when ${when}`, () => {
      const { dependency } = nodeNetworks(master00, networks);

      assert.deepEqual(dependency.state === 'waiting' && dependency.reason, reason);
    });
  }

  it('are waited for when the reservation has another address than the manifest gives', () => {
    const given = node('master00', {
      networks: [{ network: 'k8s-net', mac: entry.mac, address: '192.168.111.9' }],
    });

    assert.equal(nodeNetworks(given, [k8sNet]).dependency.state, 'waiting');
  });

  it('R18: whose entry a foreign one keeps from being served names that one', () => {
    const refusals = [{ node: 'master00', reason: 'Conflict', message: 'reserved for another' }] as const;
    const entries = [{ ...entry, live: false }];

    const { dependency } = nodeNetworks(master00, [network('k8s-net', { entries, refusals })]);

    assert.deepEqual(dependency, { state: 'waiting', reason: 'Conflict', message: 'reserved for another' });
  });

  it('pass on why they refuse it, and not why they refuse others', () => {
    const refusals = [
      { node: 'other', reason: 'RangeExhausted', message: 'no free address' },
      { node: 'master00', reason: 'Conflict', message: 'held; by another' },
    ] as const;

    const { dependency } = nodeNetworks(master00, [network('k8s-net', { entries: [], refusals })]);

    assert.deepEqual(dependency, { state: 'waiting', reason: 'Conflict', message: 'held; by another' });
  });

  it('say why the Network is not ready', () => {
    const broken = network('k8s-net', {}, [
      condition('Ready', 'False', 'LibvirtUnreachable', 'libvirtd is down'),
    ]);

    const { dependency } = nodeNetworks(master00, [broken]);

    assert.match(dependency.state === 'waiting' ? dependency.message : '', /"k8s-net".*libvirtd is down/);
  });

  it('are all of them needed, in the order of the NICs', () => {
    const second = { ...entry, mac: '52:54:00:00:00:02', ip: '10.0.0.2' };
    const storage = network('storage', { entries: [second] });

    assert.equal(nodeNetworks(node('master00', TWO), [k8sNet]).dependency.state, 'waiting');
    assert.deepEqual(nodeNetworks(node('master00', TWO), [storage, k8sNet]).entries, [entry, second]);
  });
});

describe('the source of a disk', () => {
  it('is the stored image with its format, once it is Ready', () => {
    const stored = image('debian', { path: '/i/debian.qcow2', format: 'qcow2', sha256: 'aa' }, READY);

    assert.deepEqual(nodeSource(master00, { image: stored }), {
      state: 'ready',
      disk: { from: 'image', image: 'debian', sha256: 'aa', path: '/i/debian.qcow2', format: 'qcow2' },
    });
  });

  it('is waited for while there is no such Image, or it is not Ready, with its reason', () => {
    const fetching = image('debian', {}, [condition('Ready', 'False', 'Downloading', '4 % of 1 GiB')]);
    const stale = image('debian', { path: '/i', format: 'raw' }, [
      condition('Ready', 'False', 'Downloading', '4 %'),
    ]);

    assert.deepEqual(nodeSource(master00, {}), {
      state: 'waiting',
      reason: 'ImageNotFound',
      message: 'there is no Image "debian" yet',
    });
    for (const each of [fetching, stale]) {
      const source = nodeSource(master00, { image: each });
      assert.match(
        source.state === 'waiting' ? `${source.reason} ${source.message}` : '',
        /^ImageNotReady .*Downloading, 4 %/,
      );
    }
  });

  it('is the disk of another Node, once that one is Ready', () => {
    const clone = node('clone', { disk: { cloneOf: 'master00' } });
    const running = node('master00', {}, { disk: '/d/master00.qcow2', state: 'running', conditions: READY });
    const off = node('master00', {}, { disk: '/d/master00.qcow2', state: 'shutoff', conditions: READY });

    const expected = { from: 'node', node: 'master00', path: '/d/master00.qcow2' };
    assert.deepEqual(nodeSource(clone, { clone: running }), {
      state: 'ready',
      disk: { ...expected, running: true },
    });
    assert.deepEqual(nodeSource(clone, { clone: off }), {
      state: 'ready',
      disk: { ...expected, running: false },
    });
    const booting = node('master00', {}, { disk: '/d/master00.qcow2', state: 'running' });
    for (const source of [nodeSource(clone, {}), nodeSource(clone, { clone: booting })]) {
      assert.equal(source.state, 'waiting');
    }
  });

  it('is nothing to be made where the manifest names a file, which must be there', () => {
    const given = node('master00', { disk: { path: '/srv/m.qcow2' } });

    assert.deepEqual(nodeSource(given, {}), { state: 'ready' });
    assert.deepEqual(nodeSource(given, { diskMissing: 'no such file' }), {
      state: 'waiting',
      reason: 'DiskMissing',
      message: 'no such file',
    });
  });
});

describe('what a Node shall be', () => {
  it('is told to cloud-init only once all of its networks named it', () => {
    const input = { node: node('master00', TWO), networks: [k8sNet], daemonKey: 'key', stopSeconds: 120 };
    const incomplete = desireNode(input, nodeNetworks(input.node, [k8sNet]));

    assert.deepEqual([incomplete.cloudInit, incomplete.desired.cloudInitHash], [undefined, undefined]);
  });

  it('has the full name, the pod network and the MAC addresses that its networks gave it', () => {
    const named = network('k8s-net', { entries: [{ ...entry, podCIDR: '10.200.0.0/24' }] });
    const input = { node: master00, networks: [named], daemonKey: 'ssh-ed25519 AAAA', stopSeconds: 120 };

    const { cloudInit, desired } = desireNode(input, nodeNetworks(master00, [named]));

    assert.ok(cloudInit);
    assert.equal(cloudInit.fqdn, 'master00.k8s-thw.local');
    assert.equal(cloudInit.podCIDR, '10.200.0.0/24');
    assert.deepEqual(cloudInit.macs, [entry.mac]);
    assert.match(desired.cloudInitHash ?? '', /^[0-9a-f]{16}$/);
  });

  it('has an instance id of its own that stays, so that cloud-init runs once', () => {
    const id = (name: string): string | undefined => {
      const networks = [network('k8s-net', { entries: [{ ...entry, node: name }] })];
      const object = node(name);
      return desireNode(
        { node: object, networks, daemonKey: 'k', stopSeconds: 120 },
        nodeNetworks(object, networks),
      ).cloudInit?.instanceId;
    };

    assert.equal(id('a'), id('a'));
    assert.notEqual(id('a'), id('b'));
  });

  it('gets a machine-id of its own unless its disk starts from an image', () => {
    for (const [disk, used] of [
      [{ image: 'debian' }, false],
      [{ cloneOf: 'x' }, true],
      [{ path: '/x' }, true],
    ] as const) {
      const object = node('master00', { disk });
      const desire = desireNode(
        { node: object, networks: [k8sNet], daemonKey: 'k', stopSeconds: 120 },
        nodeNetworks(object, [k8sNet]),
      );
      assert.equal(desire.cloudInit?.usedDisk, used);
    }
  });

  it('has new settings for cloud-init by a metric that its manifest says, and by none that it does not', () => {
    const metrics = (fields: object): unknown => {
      const object = node('master00', { networks: [{ network: 'k8s-net', mac: entry.mac, ...fields }] });
      const input = { node: object, networks: [k8sNet], daemonKey: 'k', stopSeconds: 120 };
      return desireNode(input, nodeNetworks(object, [k8sNet])).cloudInit?.routeMetrics;
    };

    assert.deepEqual([metrics({}), metrics({ routeMetric: 50 })], [undefined, [50]]);
  });

  it('has its disk size in bytes, rounded up to what QEMU makes of it', () => {
    const sizes = ['16Gi', '1500M'].map((size) => {
      const object = node('master00', { disk: { image: 'debian', size } });
      const input = { node: object, networks: [], daemonKey: 'k', stopSeconds: 120 };
      return desireNode(input, nodeNetworks(object, [])).desired.diskSize;
    });

    assert.deepEqual(sizes, [16 * 1024 ** 3, 1_500_000_256]);
  });
});
