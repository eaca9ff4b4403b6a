import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCacheBed, LIST, NET_LIST, watch } from './fake-virsh.ts';

describe('the list of what libvirt has', () => {
  it('at rest nothing is called but the list', async () => {
    const bed = watch(createCacheBed({ a: {}, b: { state: 'running' } }));
    await bed.cache.view.survey();

    const made = await bed.calls(() => bed.clock.advance(20_000));

    assert.deepEqual(made.sort(), [...LIST, ...NET_LIST].sort());
    assert.deepEqual(bed.told, []);
  });

  it('lists come at common moments, whenever the daemon began', async () => {
    const bed = createCacheBed({ a: {} });
    await bed.clock.advance(7_000);
    watch(bed);
    await bed.cache.view.survey();

    assert.deepEqual(await bed.calls(() => bed.clock.advance(12_999)), []);
    const first = await bed.calls(() => bed.clock.advance(1));
    assert.deepEqual(await bed.calls(() => bed.clock.advance(19_999)), []);
    const second = await bed.calls(() => bed.clock.advance(1));

    assert.deepEqual([first.sort(), second.sort()], [[...LIST, ...NET_LIST].sort(), first]);
  });
});
