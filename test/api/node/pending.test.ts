import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { planNode, type DesiredNode } from '../../../src/api/node/plan.ts';
import { parseDomain } from '../../../src/api/libvirt/domain.ts';
import { definition, desired, guest, nothing, spec } from './bed.ts';
import { fixture } from '../libvirt/fixtures.ts';

const live = parseDomain(fixture('domain-live')).model;

function running(disk: { size?: number } = {}): Parameters<typeof planNode>[1] {
  const observed = guest('running');
  assert.ok(observed.domain);
  return { ...observed, disk: { ...observed.disk, ...disk }, domain: { ...observed.domain, live } };
}

function pending(wants: Partial<DesiredNode>, observed = running()): Record<string, string> {
  const plan = planNode({ ...desired, definition, ...wants }, observed);
  return Object.fromEntries(plan.pending?.map(({ type, message }) => [type, message]) ?? []);
}

describe('what a guest goes without', () => {
  it('is nothing when it is as wanted, and none of it before there is a guest', () => {
    assert.deepEqual(pending({}), {});
    assert.equal(planNode({ ...desired, cloudInitHash: 'other' }, nothing).pending, undefined);
  });

  it('U5: until it restarts ends with the command that brings it about under its policy', () => {
    const wants = { definition: { ...definition, cpus: 3 } };

    assert.match(
      pending(wants)['RestartRequired'] ?? '',
      /cpus; policy\.restart is OnAddressChange; "virsh shutdown master00" brings it about: k8slab starts the guest again$/,
    );
    const report = { ...wants, spec: spec({ policy: { drift: 'Report' } }) };
    assert.match(pending(report)['RestartRequired'] ?? '', /and then "virsh start master00" bring it about$/);
  });

  it('because its first boot was told other settings is told with the way to have it made anew', () => {
    assert.match(pending({ cloudInitHash: 'other' })['CloudInitDrifted'] ?? '', /policy\.reclaim: Delete/);
    assert.deepEqual(pending({ cloudInitHash: undefined as never }), {});
  });

  it('because its disk would shrink is told with the size to say', () => {
    const text = pending({ diskSize: 2 ** 30 }, running({ size: 2 ** 31 }))['DiskShrinkRefused'] ?? '';

    assert.match(text, /the disk has 2Gi; making it 1Gi could cut data off, so it stays; size: 2Gi/);
  });

  it('is all of it at once, also while something else is waited for', () => {
    const wants = { definition: { ...definition, cpus: 3 }, cloudInitHash: 'other', diskSize: 2 ** 30 };
    const networks = { state: 'waiting', reason: 'Conflict', message: 'taken' } as const;

    const found = pending(wants, { ...running({ size: 2 ** 31 }), networks });

    assert.deepEqual(Object.keys(found), ['RestartRequired', 'DiskShrinkRefused', 'CloudInitDrifted']);
  });
});
