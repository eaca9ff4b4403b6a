import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KnownObjects } from '../../../src/daemon/api-server/known.ts';
import { openRemembered } from '../../../src/daemon/api-server/remembered.ts';
import type { KubeObject } from '../../../src/drivers/kube.ts';
import { silentLogger } from '../../../src/engine/logger.ts';
import { createFakeClock } from '../../engine/fake-clock.ts';

describe('what an API server had, for the next start', () => {
  function known(cpus: number, conditions: readonly object[] = []): KnownObjects {
    const metadata = { name: 'a', uid: 'u', resourceVersion: String(cpus), creationTimestamp: '' };
    const node: KubeObject = {
      ...{ apiVersion: 'k8slab.io/v1alpha1', kind: 'Node', metadata, spec: { cpus } },
      status: { vmhost: 'v1', conditions },
    };
    return (kind) => new Map(kind === 'Node' ? [['a', node]] : []);
  }

  async function bed(tookMs: number) {
    const clock = createFakeClock();
    const writes: { readonly at: number; readonly text: string }[] = [];
    const files = {
      readIfExists: () => Promise.resolve(writes.at(-1)?.text),
      async writeAtomic(_: string, text: string) {
        writes.push({ at: clock.monotonic(), text });
        await clock.sleep(tookMs);
      },
    };
    const deps = { path: '/state/api-server.json', identity: 'm/v1', files, clock, log: silentLogger() };
    return { clock, writes, deps, remembered: await openRemembered(deps) };
  }

  it('is written once for all that changes within five seconds, and not again while nothing of it changes', async () => {
    const { clock, writes, remembered } = await bed(0);
    remembered.note(known(1));
    await clock.advance(4000);
    remembered.note(known(2));
    await clock.advance(1000);
    assert.deepEqual(
      writes.map(({ at }) => at),
      [5000],
    );
    remembered.note(known(2, [{ type: 'Ready', status: 'True' }]));

    await clock.advance(60_000);

    assert.equal(writes.length, 1);
    assert.match(writes[0]?.text ?? '', /"cpus":2/);
    assert.doesNotMatch(writes[0]?.text ?? '', /Ready/);
  });

  it('is written at a fiftieth of the time at most where that takes long, and at the end in any case', async () => {
    const { clock, writes, remembered, deps } = await bed(200);
    for (let seconds = 0; seconds < 20; seconds += 1) {
      remembered.note(known(seconds));
      await clock.advance(1000);
    }
    assert.deepEqual(
      writes.map(({ at }) => at),
      [5000, 5000 + 200 + 49 * 200],
    );
    remembered.note(known(99));
    const ended = remembered.dispose();
    await clock.advance(100);
    remembered.note(known(100));
    await clock.advance(100);
    await ended;

    assert.equal(clock.pendingTimers(), 0);
    const next = await openRemembered(deps);
    assert.deepEqual(next.objects?.('Node').get('a')?.spec, { cpus: 99 });
  });
});
