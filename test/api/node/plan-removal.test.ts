import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DomainState } from '../../../src/api/node/plan.ts';
import { planNodeRemoval, type RemovedNode } from '../../../src/api/node/plan-removal.ts';
import { guest } from './bed.ts';
import { types } from '../network/bed.ts';

const FILES = { seed: true, hostKey: true };

function removed(state: DomainState | undefined, more: Partial<RemovedNode> = {}): RemovedNode {
  const { domain } = state === undefined ? {} : guest(state);
  return {
    name: 'master00',
    reclaim: 'Retain',
    ...(domain === undefined ? {} : { domain }),
    disk: { path: '/disks/master00.qcow2', exists: true, ours: true, users: [] },
    saved: false,
    leases: [],
    copying: false,
    leftover: false,
    stopSeconds: 120,
    ...FILES,
    ...more,
  };
}

function edited(state: DomainState, edit: (xml: string) => string): Pick<RemovedNode, 'domain'> {
  const { domain } = guest(state, edit);
  return domain === undefined ? {} : { domain };
}

const disk = removed('shutoff').disk;

describe('the removal of a Node', () => {
  it('E48: asks a running guest to shut down, again and again, and pulls the plug when its time is over', () => {
    const asked = (firstSeconds: number, lastSeconds: number): string[] =>
      types(planNodeRemoval(removed('running', { downSeconds: firstSeconds, stoppingSeconds: lastSeconds })));

    assert.deepEqual(types(planNodeRemoval(removed('running'))), ['ShutdownDomain']);
    assert.deepEqual(asked(9, 9), []);
    assert.deepEqual(asked(10, 10), ['ShutdownDomain']);
    assert.deepEqual(asked(119, 3), []);
    assert.deepEqual(asked(120, 3), ['DestroyDomain']);
  });

  it('says which guest goes before it does', () => {
    const { actions, later } = planNodeRemoval(removed('running'));

    assert.deepEqual(
      [...actions, ...(later ?? [])].map(({ type, disruption, guests }) => [type, disruption, guests]),
      [
        ['ShutdownDomain', 'removal', ['master00']],
        ['RemoveSeed', 'none', undefined],
        ['UndefineDomain', 'removal', ['master00']],
      ],
    );
  });

  it('gives its leases back once it is off, or its name would be answered until they end', () => {
    const lease = { ip: '192.168.111.150', mac: '52:54:00:5e:53:fb' };
    const leases = [{ network: 'k8s-net', lease }];

    assert.deepEqual(types(planNodeRemoval(removed('running', { leases }))), ['ShutdownDomain']);
    assert.deepEqual(types(planNodeRemoval(removed('shutoff', { leases }))), [
      'ReleaseLease',
      'RemoveSeed',
      'UndefineDomain',
    ]);
  });

  it('pulls the plug of a crashed guest at once', () => {
    assert.deepEqual(types(planNodeRemoval(removed('crashed'))), ['DestroyDomain']);
  });

  it('E88: keeps the disk, and the host key that is in it, unless reclaim says otherwise', () => {
    assert.deepEqual(types(planNodeRemoval(removed('shutoff'))), ['RemoveSeed', 'UndefineDomain']);
  });

  it('E49: deletes a disk of ours under reclaim Delete before it undefines, since the mark tells what is to be done', () => {
    const plan = planNodeRemoval(removed('shutoff', { reclaim: 'Delete' }));

    assert.deepEqual(types(plan), ['RemoveHostKey', 'DeleteDisk', 'RemoveSeed', 'UndefineDomain']);
    assert.equal(plan.actions.find(({ type }) => type === 'DeleteDisk')?.disruption, 'data');
  });

  it('takes away the marker of a disk that a daemon was killed while it deleted, under reclaim Delete alone', () => {
    const half = { ...disk, exists: false };
    const of = (more: Partial<RemovedNode>): string[] =>
      types(planNodeRemoval(removed('shutoff', { hostKey: false, ...more })));

    assert.deepEqual(of({ reclaim: 'Delete', disk: half }), ['DeleteDisk', 'RemoveSeed', 'UndefineDomain']);
    assert.deepEqual(of({ disk: half }), ['RemoveSeed', 'UndefineDomain']);
    assert.deepEqual(of({ reclaim: 'Delete', disk: { ...half, ours: false } }), [
      'RemoveSeed',
      'UndefineDomain',
    ]);
  });

  it('E51: never deletes a disk that is not marked ours', () => {
    const plan = planNodeRemoval(removed('shutoff', { reclaim: 'Delete', disk: { ...disk, ours: false } }));

    assert.deepEqual(types(plan), ['RemoveSeed', 'UndefineDomain']);
  });

  it('E49: keeps a disk that something else stands on, and says what', () => {
    const users = [{ kind: 'disk' as const, name: 'snap1', file: '/disks/master00.snap1' }];
    const plan = planNodeRemoval(removed('shutoff', { reclaim: 'Delete', disk: { ...disk, users } }));

    assert.deepEqual(types(plan), ['RemoveSeed', 'UndefineDomain']);
    assert.match(plan.actions.at(-1)?.reason ?? '', /stays, since \/disks\/master00\.snap1 stands on it/);
  });

  it('E49: waits while it is not known whether anything stands on the disk', () => {
    const unread = 'it is damaged';
    const users = [{ kind: 'disk' as const, name: 'x', file: '/disks/x.qcow2', unread }];
    const of = (
      state?: 'shutoff',
      reclaim: 'Delete' | 'Retain' = 'Delete',
    ): ReturnType<typeof planNodeRemoval> =>
      planNodeRemoval(removed(state, { reclaim, disk: { ...disk, users } }));

    for (const plan of [of('shutoff'), of()]) {
      assert.deepEqual([plan.actions, plan.waiting?.reason], [[], 'FileUsersUnknown']);
      assert.match(plan.waiting?.message ?? '', /\/disks\/x\.qcow2 cannot be read: it is damaged; mend that/);
    }
    assert.deepEqual(types(of('shutoff', 'Retain')), ['RemoveSeed', 'UndefineDomain']);
  });

  it('E49: lets a guest whose memory was saved come back and shut down, where its disk stays', () => {
    assert.deepEqual(types(planNodeRemoval(removed('shutoff', { saved: true }))), ['RestoreDomain']);
    const deleted = planNodeRemoval(removed('shutoff', { saved: true, reclaim: 'Delete' }));
    assert.equal(deleted.actions.at(-1)?.type, 'UndefineDomain');
  });

  it('E49: without a domain takes what files are left, and then nothing is', () => {
    assert.deepEqual(types(planNodeRemoval(removed(undefined, { reclaim: 'Delete' }))), [
      'RemoveHostKey',
      'DeleteDisk',
      'RemoveSeed',
    ]);
    const nothing = removed(undefined, { seed: false, hostKey: false, disk: { ...disk, exists: false } });
    assert.deepEqual(planNodeRemoval(nothing), { actions: [], gone: true });
  });

  it('leaves a domain alone that others made, and one of ours that others copied or renamed', () => {
    const unmarked = edited('running', (xml) => xml.replace(/<metadata>[^]*<\/metadata>/, ''));
    const copied = edited('running', (xml) => xml.replace(/(kind="Node" name=")master00/, '$1other'));

    for (const domain of [unmarked, copied]) {
      assert.deepEqual(planNodeRemoval(removed('running', { ...domain, reclaim: 'Delete' })), {
        actions: [],
        gone: true,
      });
    }
  });

  it('lets an adopted domain go: only our mark is taken out', () => {
    const adopted = edited('running', (xml) => xml.replace('kind="Node"', 'kind="Node" adopted="yes"'));

    const [action, ...more] = planNodeRemoval(removed('running', { ...adopted, reclaim: 'Delete' })).actions;

    assert.deepEqual([action?.type, more], ['ReleaseDomain', []]);
    const xml = action?.type === 'ReleaseDomain' ? action.xml : '';
    assert.doesNotMatch(xml, /k8slab:object/);
    assert.match(xml, /<name>master00<\/name>/);
  });

  it('waits for a copy that is being made of its disk, and gives up one that is being made for it', () => {
    const source = planNodeRemoval(removed('running', { copiedTo: 'master01' }));
    assert.deepEqual([types(source), source.waiting?.reason], [[], 'CloneInProgress']);
    assert.deepEqual(types(planNodeRemoval(removed(undefined, { copying: true }))), ['AbortCopy']);
  });
});
