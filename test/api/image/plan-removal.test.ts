import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { planImageRemoval, type RemovedImage } from '../../../src/api/image/plan-removal.ts';
import type { FileUser } from '../../../src/api/ownership/in-use.ts';
import { types } from '../network/bed.ts';

const PATH = '/images/debian-0123456789ab.qcow2';

function removed(users: readonly FileUser[], more: Partial<RemovedImage> = {}): RemovedImage {
  return { fetching: false, files: [{ path: PATH, users }], known: true, nodes: [], ...more };
}

describe('the removal of an Image', () => {
  it('deletes a file that nothing stands on, older contents too', () => {
    const older = { path: '/images/debian-ba9876543210.qcow2', users: [] };
    const plan = planImageRemoval(removed([], { files: [{ path: PATH, users: [] }, older] }));

    assert.deepEqual(
      plan.actions.map((action) => (action.type === 'RemoveImage' ? [action.files, action.forget] : [])),
      [[[PATH, older.path], true]],
    );
  });

  it('waits while a domain stands on it, or a Node asks for it', () => {
    const domain = { kind: 'domain', name: 'a', file: '/disks/a.qcow2' } as const;
    const plan = planImageRemoval(removed([domain, domain], { nodes: ['b'] }));

    assert.deepEqual([types(plan), plan.waiting?.message], [[], 'Node "b", domain "a" use it']);
  });

  it('keeps a file that a kept disk stands on, and is over', () => {
    const plan = planImageRemoval(removed([{ kind: 'disk', name: 'x', file: '/disks/x.qcow2' }]));

    assert.deepEqual([types(plan), plan.gone], [[], true]);
    assert.match(plan.waiting?.message ?? '', /stays, since \/disks\/x\.qcow2 stands on it/);
  });

  it('gives up a download, takes what is left of it, and then nothing is', () => {
    assert.deepEqual(types(planImageRemoval(removed([], { fetching: true }))), ['AbortFetch']);
    assert.deepEqual(types(planImageRemoval(removed([], { files: [] }))), ['RemoveImage']);
    assert.deepEqual(planImageRemoval(removed([], { files: [], known: false })), { actions: [], gone: true });
  });
});
