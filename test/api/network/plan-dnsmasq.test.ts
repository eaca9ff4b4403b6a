import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { liveEntries } from '../../../src/api/network/liveness.ts';
import { parseNetwork } from '../../../src/api/libvirt/network.ts';
import { apply, look, master00, master01, spec, types, type World } from './bed.ts';

function converged(nodes: Parameters<typeof look>[0], options: Parameters<typeof look>[2] = {}): World {
  return apply({}, look(nodes, {}, options));
}

const DEAD = { running: false, unread: false };
const REVIVAL = '<host ip="192.0.2.1"/>';

describe('C3: a running network whose dnsmasq died', () => {
  const world = converged([master00]);

  it('has it started by an update of names that is taken back, which disturbs no guest', () => {
    const { actions } = look([master00], { ...world, dnsmasq: DEAD });

    assert.deepEqual(
      actions.map((action) => (action.type === 'UpdateNetwork' ? `${action.command} ${action.section}` : '')),
      ['add dns-host', 'delete dns-host'],
    );
    assert.ok(actions.every(({ disruption }) => disruption === 'none'));
    const after = apply({ ...world, dnsmasq: DEAD }, { actions });
    assert.equal(after.live, world.live);
  });

  it('gets it before anything that needs it', () => {
    const [first] = look([master00, master01], { ...world, dnsmasq: DEAD }).actions.slice(1);

    assert.ok(first?.type === 'UpdateNetwork' && first.xml.includes('192.0.2.1'));
  });

  it('loses the record of a revival that was cut short', () => {
    const record = '<host ip="192.0.2.1"><hostname>k8slab-revival.invalid</hostname></host>';
    const cut = { ...world, live: (world.live ?? '').replace('</dns>', `${record}</dns>`) };

    const [action] = look([master00], cut).actions;

    assert.ok(action?.type === 'UpdateNetwork' && action.command === 'delete');
    assert.equal(action.xml.trim(), REVIVAL);
  });

  it('is restarted where libvirt takes no names', () => {
    const options = { spec: spec({ policy: { adopt: true } }), named: (): boolean => false };
    const off = (text = ''): string => text.replace(/<dns>[^]*<\/dns>|<dns\/>/, '<dns enable="no"/>');
    const bare = converged([], options);
    const silent = { ...bare, config: off(bare.config), live: off(bare.live), dnsmasq: DEAD };

    assert.ok(types(look([], silent, options)).includes('RestartNetwork'));
  });

  it('serves nobody', () => {
    const [entry] = parseNetwork(world.config ?? '').model.mark?.entries ?? [];
    assert.ok(entry);
    const observed = { live: parseNetwork(world.live ?? ''), hostFiles: { reservations: [], names: [] } };

    assert.equal(liveEntries(observed)(entry), true);
    assert.equal(liveEntries({ ...observed, dnsmasq: DEAD })(entry), false);
  });
});

describe('R15: a dnsmasq that may hold what its files no longer say', () => {
  it('is told to read them, whoever failed to tell it before', () => {
    const world = { ...converged([master00]), dnsmasq: { running: true, unread: true } };

    assert.deepEqual(types(look([master00], world)), ['ReloadDnsmasq']);
  });
});

describe('F4: the tap of a guest', () => {
  const guest = { domain: 'master00', ours: true, tap: 'vnet0', master: 'virbr1' };

  for (const { reason, fields, mtu, expected } of [
    { reason: 'gets the MTU of its network', fields: { mtu: 1400 }, mtu: 1500, expected: 1400 },
    { reason: 'gets the default back once no MTU is said', fields: {}, mtu: 1483, expected: 1500 },
  ]) {
    it(reason, () => {
      const options = { spec: spec(fields) };
      const world = { ...converged([master00], options), guests: [{ ...guest, mtu }] };

      const { actions } = look([master00], world, options);

      assert.deepEqual(
        actions.map((action) => action.type === 'SetMtu' && [action.mtu, action.ports]),
        [[expected, ['vnet0']]],
      );
      assert.deepEqual(look([master00], apply(world, { actions }), options).actions, []);
    });
  }

  it('is left alone where a foreign port may have made the bridge as small', () => {
    const world = { ...converged([master00]), guests: [{ ...guest, mtu: 1450 }], ports: ['vnet0', 'vxlan7'] };

    assert.deepEqual(look([master00], world).actions, []);
  });
});
