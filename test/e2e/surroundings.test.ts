import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Condition } from '../../src/api/meta.ts';
import type { Lab } from '../lab/lab.ts';
import { allReady, bootTutorialLab, mutatingCalls, untilCondition } from './bed.ts';
import { DISTURBANCES, type Disturbance } from './disturbances.ts';
import { startPing } from './gaps.ts';

/** K8SLAB_SURROUNDINGS: all, those too that take longer than CI has time for; or those whose name matches it. */
const { K8SLAB_SURROUNDINGS: wanted } = process.env;

describe('the tutorial lab, while', () => {
  let lab: Lab;
  before(async () => {
    lab = await bootTutorialLab({ name: 'e2e-surroundings' });
  });
  after(() => lab.down());

  const sh = (script: string): Promise<string> => lab.must(['bash', '-c', script]);

  for (const { what, begin, end, told, calls = [], restarts } of DISTURBANCES.filter(isWanted)) {
    it(`${what}: guests lose no packet, it is told, and all is Ready again by itself`, async (t) => {
      const before = (await mutatingCalls(lab)).length;
      const pid = await sh('systemctl show -p MainPID --value k8slabd');
      const stop = await startPing(lab, 'loadbalancer', '192.168.111.98');
      await sh(begin);
      try {
        const since = performance.now();
        if (told !== undefined) await untilCondition(lab, [told.of, told.type], says(told.as), 120);
        t.diagnostic(`told after ${((performance.now() - since) / 1000).toFixed()} s`);
      } finally {
        if (end !== undefined) await sh(end);
      }
      await sh('systemctl reload k8slabd');
      await allReady(lab, 180);

      assert.equal((await stop()).lost, 0);
      assert.deepEqual(
        (await mutatingCalls(lab)).slice(restarts ? 0 : before).map(([op]) => op),
        calls,
      );
      if (!restarts) assert.equal(await sh('systemctl show -p MainPID --value k8slabd'), pid);
      assert.match(await lab.must(['k8slab', 'verify']), / 0 failed, 0 skipped/);
    });
  }
});

function isWanted({ what, always }: Disturbance): boolean {
  return wanted === undefined ? always === true : wanted === 'all' || new RegExp(wanted).test(what);
}

function says(as: RegExp): (condition: Condition) => boolean {
  return ({ type, status, message }) => (type !== 'Ready' || status !== 'True') && as.test(message);
}
