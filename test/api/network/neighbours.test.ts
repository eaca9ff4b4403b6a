import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { apply, look, types, type World } from './bed.ts';

describe('what else is on the vmhost', () => {
  const cases: readonly [
    what: string,
    neighbours: NonNullable<World['neighbours']>,
    reason: string,
    message: RegExp,
  ][] = [
    [
      'E31: a libvirt network that overlaps',
      { networks: [{ name: 'default', bridge: 'virbr0', cidr: '192.168.0.0/16' }] },
      'CIDRConflict',
      /192\.168\.0\.0\/16 of the libvirt network "default"/,
    ],
    [
      'E31: a route of the vmhost that overlaps',
      { routes: [{ dev: 'docker0', cidr: '192.168.111.128/25' }] },
      'CIDRConflict',
      /192\.168\.111\.128\/25, which the vmhost reaches by docker0/,
    ],
    [
      'E30: a libvirt network with the same bridge',
      { networks: [{ name: 'default', bridge: 'virbr1' }] },
      'BridgeConflict',
      /virbr1 belongs to the libvirt network "default"/,
    ],
    ['E30: an interface of that name', { bridgeNameTaken: true }, 'BridgeConflict', /virbr1 is an interface/],
  ];

  for (const [what, neighbours, reason, message] of cases) {
    it(`${what} keeps a new network from being defined`, () => {
      const plan = look([], { neighbours });

      assert.deepEqual([plan.actions, plan.waiting?.reason], [[], reason]);
      assert.match(plan.waiting?.message ?? '', message);
    });
  }

  it('R11: a wider route, such as that of a VPN, keeps nothing from being done', () => {
    const routes = ['0.0.0.0/1', '128.0.0.0/1', '192.168.0.0/16'].map((cidr) => ({ dev: 'tun0', cidr }));

    assert.deepEqual(look([], { neighbours: { routes } }).waiting, undefined);
    assert.ok(types(look([], { neighbours: { routes } })).includes('StartNetwork'));
  });

  it('R11: an equal route does', () => {
    const routes = [{ dev: 'tun0', cidr: '192.168.111.0/24' }];

    assert.equal(look([], { neighbours: { routes } }).waiting?.reason, 'CIDRConflict');
  });

  it('never matters to a network that runs as it shall', () => {
    const running = apply({}, look([], {}));
    const neighbours = {
      networks: [{ name: 'late', cidr: '192.168.0.0/16' }],
      routes: [{ dev: 'virbr1', cidr: '192.168.111.0/24' }],
      bridgeNameTaken: true,
    };

    assert.deepEqual(look([], { ...running, neighbours }), {
      actions: [],
      refusals: [],
      refusedRecords: [],
    });
  });
});
