import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findCondition, READY } from '../../src/api/conditions.ts';
import { createWorld } from '../controllers/fakes.ts';
import { createDaemon } from './daemon.ts';

const HOUR_MS = 3_600_000;

describe('the clock of the vmhost, when somebody sets it', () => {
  for (const hours of [25, -25]) {
    it(`${hours} h: nothing is done, and guests that answer stay Ready whatever their leases say`, async () => {
      const world = createWorld();
      const daemon = createDaemon(world, () => undefined);
      await daemon.does({ does: 'put', node: 0, role: 'master' });
      await daemon.does({ does: 'put', node: 1, role: 'worker' });
      assert.ok(await daemon.settle());
      const { clock, store } = daemon.bed;
      const leases = world.leases.map((lease) => ({ ...lease, expiry: clock.now() / 1000 + 3600 }));
      world.leases.splice(0, world.leases.length, ...leases);
      const calls = world.calls.length;

      clock.step(hours * HOUR_MS);
      for (let round = 0; round < 5; round++) await daemon.round();

      assert.deepEqual(world.calls.slice(calls), []);
      const nodes = store.list('Node').map(({ status }) => findCondition(status.conditions, READY));
      assert.deepEqual(
        nodes.map((ready) => ready?.status),
        ['True', 'True'],
      );
      assert.ok(world.leases.every(({ expiry }) => expiry < clock.now() / 1000 === hours > 0));
    });
  }
});
