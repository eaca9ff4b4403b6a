import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { desireOverlay, type DesiredOverlay } from '../../src/api/network/overlay.ts';
import { overlayOf } from '../../src/api/network/overlay-observed.ts';
import { planOverlay, planOverlayRemoval, type OverlayAction } from '../../src/api/network/plan-overlay.ts';
import { networkSpec } from '../../src/api/network/spec.ts';
import { changeOverlay } from '../../src/controllers/network/overlay.ts';
import {
  BRIDGE,
  bridgeLines,
  createVmhosts,
  GATEWAY,
  GATEWAY_MAC,
  whyNoVmhosts,
  type Guest,
  type Vmhost,
  type Vmhosts,
} from './overlay-vmhosts.ts';

const NETWORK = 'k8s-net';
const spec = networkSpec.parse({ cidr: '192.168.111.0/24', overlay: {} });
const skip = whyNoVmhosts() ?? false;
const overlayWorld = { get: () => Promise.reject(new Error('not read')), invalidate: () => undefined };

/** The first guest of each vmhost is a Node, the second is a stranger's. */
function wanted(vmhost: Vmhost, all: readonly Vmhost[]): DesiredOverlay {
  const others = all.filter(({ name }) => name !== vmhost.name);
  const peers = {
    local: vmhost.address,
    peers: others.map(({ name, address }) => ({ vmhost: name, address })),
    macs: others.map(({ name, guests }) => ({ mac: guests[0]?.mac ?? '', vmhost: name })),
  };
  const here = new Set(vmhost.guests.map(({ mac }) => mac));
  const input = { name: NETWORK, spec, gateway: GATEWAY, gatewayMac: GATEWAY_MAC, here };
  return desireOverlay(input, peers) ?? assert.fail('none');
}

async function plan(vmhost: Vmhost, desired: DesiredOverlay): Promise<OverlayAction[]> {
  const observed = overlayOf(await vmhost.overlays.read(), desired.device.name);
  const at = { network: NETWORK, bridge: BRIDGE, stp: true, fresh: false, known: desired };
  return planOverlay({ ...at, desired, observed });
}

async function bring(vmhost: Vmhost, all: readonly Vmhost[]): Promise<string[]> {
  const desired = wanted(vmhost, all);
  const actions = await plan(vmhost, desired);
  for (const action of actions) await changeOverlay({ overlays: vmhost.overlays, overlayWorld }, action);
  assert.deepEqual(await plan(vmhost, desired), [], 'nothing is left to do');
  return actions.map(({ type }) => type);
}

describe('the overlay of a network in the kernel', { skip }, () => {
  let vmhosts: Vmhosts;
  let [one, two, three] = [] as unknown as [Vmhost, Vmhost, Vmhost];
  let device = '';
  before(async () => {
    vmhosts = createVmhosts(3);
    [one, two, three] = vmhosts.all as [Vmhost, Vmhost, Vmhost];
    device = wanted(one, []).device.name;
    for (const each of [one, two]) await bring(each, [one, two]);
  });
  after(() => vmhosts.down());

  const node = ({ guests }: Vmhost): Guest => guests[0] ?? assert.fail('none');
  const stranger = ({ guests }: Vmhost): Guest => guests[1] ?? assert.fail('none');

  /** Pings of Nodes and of local guests while something is done: how many got no answer. */
  async function lostDuring(act: () => Promise<void>): Promise<Record<string, number>> {
    const pings = {
      between: vmhosts.ping(node(one), node(two).ip, 200),
      within: vmhosts.ping(node(one), stranger(one).ip, 200),
      elsewhere: vmhosts.ping(node(two), stranger(two).ip, 200),
      gateway: vmhosts.ping(node(two), GATEWAY, 200),
    };
    await act();
    return Object.fromEntries(
      await Promise.all(Object.entries(pings).map(async ([name, lost]) => [name, await lost()])),
    ) as Record<string, number>;
  }

  const NONE = { between: 0, within: 0, elsewhere: 0, gateway: 0 };

  it('leads from Node to Node, and everybody to their own gateway', async () => {
    assert.deepEqual(await lostDuring(() => Promise.resolve()), NONE);
    assert.match(one.run('nft', 'list', 'table', 'netdev', device), /priority -600/);
  });

  it('leads nobody to or from a guest that is no Node, so that two of them may have one address', async () => {
    const lost = await Promise.all([
      vmhosts.ping(stranger(one), node(two).ip, 10)(),
      vmhosts.ping(node(one), stranger(two).ip, 10)(),
      vmhosts.ping(stranger(one), stranger(two).ip, 10)(),
    ]);

    assert.deepEqual(lost, [10, 10, 10]);
  });

  it('loses no frame while vmhosts and Nodes come and go', async () => {
    const lost = await lostDuring(async () => {
      for (let round = 0; round < 3; round++) {
        for (const each of [three, one, two]) await bring(each, [one, two, three]);
        for (const each of [one, two]) await bring(each, [one, two]);
      }
    });

    assert.deepEqual(lost, NONE);
  });

  it('is repaired by single steps where others took a part away, and local guests feel nothing of it', async () => {
    const cases: readonly (readonly [string, () => void, readonly string[]])[] = [
      [
        'an entry',
        () => one.run('bridge', 'fdb', 'del', node(two).mac, 'dev', device, 'dst', two.address, 'self'),
        ['UpdateOverlay'],
      ],
      [
        'what the bridge knew',
        () => one.run('bridge', 'fdb', 'del', node(two).mac, 'dev', device, 'master'),
        ['UpdateOverlay'],
      ],
      [
        'the flood list',
        () => one.run('bridge', 'fdb', 'append', '00:00:00:00:00:00', 'dev', device, 'dst', '10.9.0.77'),
        ['UpdateOverlay'],
      ],
      ['the seal', () => one.run('bridge', 'link', 'set', 'dev', device, 'locked', 'off'), ['UpdateOverlay']],
      ['the rules', () => one.run('nft', 'flush', 'table', 'netdev', device), ['FilterOverlay']],
      [
        'one rule more',
        () => one.run('nft', 'add', 'rule', 'netdev', device, wanted(one, []).filter.chain, 'drop'),
        ['FilterOverlay'],
      ],
      ['the table', () => one.run('nft', 'delete', 'table', 'netdev', device), ['FilterOverlay']],
      ['the MTU', () => one.ip(`link set ${device} mtu 1400`), ['SetOverlay']],
      ['its being up', () => one.ip(`link set ${device} down`), ['PlugOverlay']],
      ['the port', () => one.ip(`link set ${device} nomaster`), ['PlugOverlay', 'UpdateOverlay']],
      [
        'the device',
        () => one.ip(`link delete ${device}`),
        ['SetOverlay', 'FilterOverlay', 'PlugOverlay', 'UpdateOverlay'],
      ],
    ];
    const { between: _felt, ...lost } = await lostDuring(async () => {
      for (const [what, breaks, steps] of cases) {
        breaks();
        const found = await plan(one, wanted(one, [one, two]));
        assert.ok(
          found.every(({ drift }) => drift === true),
          what,
        );
        assert.deepEqual(await bring(one, [one, two]), steps, what);
      }
    });

    assert.deepEqual(lost, { within: 0, elsewhere: 0, gateway: 0 });
    assert.equal(await vmhosts.ping(node(one), node(two).ip, 20)(), 0);
  });

  it('loses no frame while the network of one vmhost restarts, but for the gateway of that vmhost', async () => {
    const parking = 'k8sp-0123456789';
    const lost = await lostDuring(async () => {
      for (let round = 0; round < 3; round++) {
        const ports = await one.bridges.ports(BRIDGE);
        assert.ok(ports.includes(device));
        await one.bridges.park(parking, ports);
        one.ip(`link delete ${BRIDGE}`, ...bridgeLines());
        await one.bridges.attach({ bridge: BRIDGE, ports, stp: true, mtu: 1450, parking });
        assert.deepEqual(await bring(one, [one, two]), ['UpdateOverlay']);
      }
    });

    assert.deepEqual(lost, NONE);
  });

  it('is reached by its vmhost at once after a restart, though the vmhost asked for it in vain meanwhile', async () => {
    const [parking, guest] = ['k8sp-0123456789', node(one)];
    one.run('ping', '-n', '-c', '1', '-W', '1', guest.ip);
    const ports = await one.bridges.ports(BRIDGE);
    const known = await one.bridges.neighbours(BRIDGE);
    assert.deepEqual(await one.bridges.neighbours('none'), []);
    await one.bridges.park(parking, ports);
    one.ip(`link delete ${BRIDGE}`, ...bridgeLines());
    // While nobody is plugged in the kernel asks for the guest in vain, and would ask again after a second.
    assert.throws(() => one.run('ping', '-n', '-c', '1', '-W', '0.1', guest.ip));

    await one.bridges.attach({ bridge: BRIDGE, ports, stp: true, mtu: 1450, parking }, known);

    const reached = one.run('ip', 'neigh', 'show', 'dev', BRIDGE);
    assert.match(reached, new RegExp(`^${guest.ip} lladdr ${guest.mac} `, 'm'));
    one.run('ping', '-n', '-c', '1', '-W', '0.5', guest.ip);
    await bring(one, [one, two]);
  });

  it('has no bridge that takes the STP of another for its own', () => {
    for (const each of [one, two]) {
      const port = each.run('cat', `/sys/class/net/${device}/brport/state`).trim();
      assert.equal(port, '3', 'forwarding');
      assert.match(each.run('ip', '-d', 'link', 'show', BRIDGE), /root_port 0 /);
    }
  });

  it('tells of a vmhost that does not answer, and of the room for frames', async () => {
    one.run('ip', 'neigh', 'flush', 'dev', 'up0');
    await vmhosts.ping(node(one), node(two).ip, 5)();
    const found = await one.overlays.underlay(one.address, [two.address]);
    assert.deepEqual(found, { mtu: 1500, unreachable: [] });

    two.ip('link set up0 down');
    one.run('ip', 'neigh', 'flush', 'dev', 'up0');
    await vmhosts.ping(node(one), node(two).ip, 5)();
    const { unreachable } = await one.overlays.underlay(one.address, [two.address]);
    two.ip('link set up0 up');
    assert.deepEqual(unreachable, [{ address: two.address, why: 'no answer' }]);
  });

  it('goes with its table, and what others made stays', async () => {
    one.run('nft', 'add', 'table', 'netdev', 'theirs');
    one.ip('link add vx9 type vxlan id 9 dstport 4789 local 10.9.0.1 nolearning');
    const observed = overlayOf(await one.overlays.read(), device);
    for (const action of planOverlayRemoval(NETWORK, observed, 'gone')) {
      await changeOverlay({ overlays: one.overlays, overlayWorld }, action);
    }

    const { devices, chains } = await one.overlays.read();
    assert.deepEqual(
      [devices.has(device), chains.has(device), devices.has('vx9'), chains.has('theirs')],
      [false, false, true, true],
    );

    one.ip(`link add ${device} type bridge`);
    const foreign = overlayOf(await one.overlays.read(), device);
    assert.deepEqual(planOverlayRemoval(NETWORK, foreign, 'gone'), []);
    assert.deepEqual(await plan(one, wanted(one, [one, two])), []);
  });
});
