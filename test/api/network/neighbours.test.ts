import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { apply, look, master00, spec, types, type World } from './bed.ts';

/** Runs, with the routes that its bridge makes and what else is given. */
function running(neighbours: World['neighbours'] = {}): World {
  const routes = [{ dev: 'virbr1', cidr: '192.168.111.0/24' }, ...(neighbours.routes ?? [])];
  const guests = [{ domain: 'master00', ours: true, tap: 'vnet0', master: 'virbr1' }];
  const world = apply({}, look([master00], {}));
  return { ...world, guests, neighbours: { bridgeNameTaken: true, ...neighbours, routes } };
}

describe('what of the vmhost is in the way of a restart', () => {
  const moved = spec({ domain: 'other.local' });

  it("is never the network's own route", () => {
    assert.deepEqual(types(look([master00], running(), { spec: moved })), [
      'DefineNetwork',
      'RestartNetwork',
    ]);
  });

  it('is not the route of its bridge under another name, from before or after', () => {
    for (const dev of ['virbr1', 'virbr7']) {
      const routes = [{ dev, cidr: '192.168.111.0/24' }];
      const world = running({ routes, bridgeNameTaken: false });
      const plan = look([master00], world, { spec: spec({ bridge: { name: 'virbr7' } }) });

      assert.deepEqual(types(plan), ['DefineNetwork', 'RestartNetwork'], dev);
    }
  });

  it('is the same route by another device', () => {
    const routes = [{ dev: 'eth1', cidr: '192.168.111.0/24' }];
    const plan = look([master00], running({ routes }), { spec: moved });

    assert.deepEqual([types(plan), plan.waiting?.reason], [[], 'CIDRConflict']);
  });

  it('is another network that shares the bridge, whatever its addresses are', () => {
    const networks = [{ name: 'default', bridge: 'virbr1', cidr: '10.0.0.0/24' }];
    const plan = look([master00], running({ networks }), { spec: moved });

    assert.deepEqual([types(plan), plan.waiting?.reason], [[], 'BridgeConflict']);
  });
});
