import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseNetwork } from '../../../src/api/libvirt/network.ts';
import { apply, look, master00, node, spec, types, type World } from './bed.ts';

function converged(nodes: Parameters<typeof look>[0]): World {
  const world = apply({}, look(nodes, {}));
  assert.deepEqual(types(look(nodes, world)), []);
  return world;
}

function moved(cidr: string): { spec: ReturnType<typeof spec>; domains: string[] } {
  return { spec: spec({ cidr, dhcp: {} }), domains: ['master00'] };
}

describe('C7: a Network whose Nodes say the opposite', () => {
  const world = converged([master00, node('free')]);

  it('is not changed while the machine of a refused Node would lose its address', () => {
    // A Node whose manifest is condemned asks for nothing; its machine is there.
    const plan = look([node('free')], world, moved('192.168.140.0/24'));

    assert.deepEqual(plan.actions, []);
    assert.deepEqual(plan.waiting, {
      reason: 'NodesContradict',
      message:
        '192.168.111.0/24 cannot become 192.168.140.0/24 while it has no place for "master00" (192.168.111.150): change their manifests too',
    });
  });

  it('is not changed either by a Node that may ask, and is refused', () => {
    assert.equal(look([master00], world, moved('192.168.140.0/24')).waiting?.reason, 'NodesContradict');
  });

  it('is changed once all of them agree', () => {
    const there = node('master00', { address: '192.168.140.150', mac: '52:54:00:5e:53:fb' });

    const after = apply(world, look([there, node('free')], world, moved('192.168.140.0/24')));

    const { mark, ip } = parseNetwork(after.config ?? '').model;
    assert.equal(ip?.address, '192.168.140.1');
    assert.deepEqual(
      mark?.entries.map(({ ip: address }) => address),
      ['192.168.140.2', '192.168.140.150'],
    );
  });

  it('is changed where they keep their places, such as in a wider range', () => {
    const plan = look([master00, node('free')], world, moved('192.168.0.0/16'));

    assert.ok(types(plan).includes('RestartNetwork'));
  });

  it('is started as it is', () => {
    const { config = '' } = world;
    const plan = look([node('free')], { config, autostart: true }, moved('192.168.140.0/24'));

    assert.deepEqual(types(plan), ['StartNetwork']);
  });

  it('lets a newcomer with an address elsewhere be refused alone', () => {
    const typo = node('new', { address: '10.9.9.9' });
    const plan = look([master00, node('free'), typo], world);

    assert.deepEqual([plan.actions, plan.waiting], [[], undefined]);
    assert.deepEqual(
      plan.refusals.map(({ node: name, reason }) => `${name} ${reason}`),
      ['new AddressNotUsable'],
    );
  });
});
