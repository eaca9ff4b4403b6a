import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { condition, mergeConditions, READY } from '../../src/api/conditions.ts';
import { KINDS } from '../../src/api/kinds/list.ts';
import type { Kind } from '../../src/api/meta.ts';
import { afterFirstLooks, waitsForFirstLook } from '../../src/daemon/first-look.ts';
import { createBed, type Bed } from '../controllers/bed.ts';

/** A daemon that has just started over a Node with its Network and its Image. */
function createStart(): {
  bed: Bed;
  look: (kind: Kind, name: string) => void;
  waits: (kind: Kind, name: string) => boolean;
} {
  const bed = createBed();
  bed.apply('Network', 'k8s-net');
  bed.apply('Image', 'debian');
  bed.apply('Node', 'a');
  const deps = { kinds: KINDS, store: bed.store };
  return {
    bed,
    look(kind, name) {
      const { uid } = bed.object(kind, name).metadata;
      const failed = [condition(READY, 'False', 'LibvirtUnreachable', 'no')];
      const conditions = mergeConditions([], failed, '2026-01-01T00:00:00Z', 1);
      bed.store.updateStatus(kind, name, uid, { conditions });
    },
    waits: (kind, name) => waitsForFirstLook(deps, bed.object(kind, name)),
  };
}

describe('U10: after a restart', () => {
  it('a Node is not looked at before its vmhost, its Network and its Image were, be it in vain', () => {
    const { look, waits } = createStart();

    for (const [kind, name] of [
      ['Vmhost', 'vmhost'],
      ['Network', 'k8s-net'],
      ['Image', 'debian'],
    ] as const) {
      assert.equal(waits('Node', 'a'), true, `although ${kind} was not looked at`);
      assert.equal(waits(kind, name), false, `${kind} waits for nothing`);
      look(kind, name);
    }

    assert.equal(waits('Node', 'a'), false);
  });

  it('what was looked at once goes on, whatever comes that it reads', () => {
    const { bed, look, waits } = createStart();
    look('Node', 'a');

    bed.apply('Network', 'other');

    assert.equal(waits('Node', 'a'), false);
  });

  it('a Node that is being removed waits for nothing', () => {
    const { bed, waits } = createStart();

    bed.store.terminate('Node', 'a');

    assert.equal(waits('Node', 'a'), false);
  });

  it('what a Node names and nobody has is not waited for', () => {
    const { bed, look, waits } = createStart();
    for (const [kind, name] of [
      ['Vmhost', 'vmhost'],
      ['Image', 'debian'],
    ] as const)
      look(kind, name);

    bed.store.remove('Network', 'k8s-net');

    assert.equal(waits('Node', 'a'), false);
  });

  it('the pass comes by itself soon after, should nobody tell', async () => {
    const { bed, look } = createStart();
    const passed: string[] = [];
    const pass = afterFirstLooks('Node', { kinds: KINDS, store: bed.store }, (name) => {
      passed.push(name);
      return Promise.resolve({ requeueAfterMs: 60_000 });
    });
    const context = {} as never;

    assert.deepEqual(await pass('a', context), { requeueAfterMs: 1000 });
    for (const [kind, name] of [
      ['Vmhost', 'vmhost'],
      ['Network', 'k8s-net'],
      ['Image', 'debian'],
    ] as const)
      look(kind, name);
    assert.deepEqual(await pass('a', context), { requeueAfterMs: 60_000 });
    await pass('gone', context);

    assert.deepEqual(passed, ['a', 'gone']);
  });
});
