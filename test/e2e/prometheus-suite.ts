import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Lab } from '../lab/lab.ts';
import { getObject, tutorialManifests, untilCondition } from './bed.ts';
import { startPrometheus } from './prometheus.ts';

/** A real Prometheus on the vmhost, and what it makes of a lab whose guests are up. */
export function prometheusSuite(lab: () => Lab): void {
  it('is scraped by Prometheus without an alert, and a guest stopped under policy.drift Report fires one until it runs', async () => {
    const prometheus = await startPrometheus(lab());
    assert.deepEqual(await prometheus.firing(), []);
    const manifest = (tutorialManifests().get('worker00.yaml') ?? '').replace(
      'spec:\n',
      'spec:\n  policy: { drift: Report }\n',
    );
    const before = (await getObject(lab(), 'node/worker00'))?.metadata.generation ?? 0;
    await lab().writeFile('/etc/k8slab.d/worker00.yaml', manifest);
    const taken = await untilCondition(
      lab(),
      ['node/worker00', 'Synced'],
      ({ observedGeneration = 0 }) => observedGeneration > before,
    );
    assert.equal(taken.status, 'True');

    await lab().must(['virsh', 'destroy', 'worker00']);
    await prometheus.untilFiring(['K8slabDrift worker00'], 30);
    await lab().must(['virsh', 'start', 'worker00']);
    await prometheus.untilFiring([], 30);
  });
}
