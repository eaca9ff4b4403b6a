import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { planNode, type DesiredNode, type ObservedNode } from '../../../src/api/node/plan.ts';
import type { DiskOrigin } from '../../../src/api/node/observed.ts';
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
      /cpus; policy\.restart is OnAddressChange; to bring it about: k8slab restart master00$/,
    );
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

describe('the source of a disk', () => {
  const image = (name: string, sha256 = 'aa') =>
    ({ state: 'ready', disk: { from: 'image', image: name, sha256, path: '/i', format: 'qcow2' } }) as const;
  function made(origin: DiskOrigin | undefined, more: Partial<ObservedNode> = {}): ObservedNode {
    const observed = running();
    return { ...observed, ...more, disk: { ...observed.disk, ...(origin && { origin }) } };
  }
  function told(fields: object, observed: ObservedNode): string | undefined {
    return pending({ spec: spec({ disk: fields }) }, observed)['DiskSourceDiffers'];
  }
  const debian = { image: 'debian', sha256: 'aa' };

  it('R21: that is not what the manifest names is told, with the way to have it made anew', () => {
    for (const [disk, origin, message] of [
      [{ image: 'other' }, debian, /made from Image "debian" and stays; from Image "other" only a new/],
      [{ cloneOf: 'x' }, debian, /made from Image "debian" .*as a copy of Node "x" only/],
      [{ image: 'debian' }, { cloneOf: 'x' }, /made as a copy of Node "x" .*policy\.reclaim: Delete/],
    ] as const)
      assert.match(told(disk, made(origin)) ?? '', message);
  });

  it('is not told where it is that, is not known, or is a file of the user', () => {
    assert.equal(told({ image: 'debian' }, made(debian)), undefined);
    assert.equal(told({ image: 'other' }, made(undefined)), undefined);
    assert.equal(told({ path: '/srv/a' }, made(debian)), undefined);
  });

  it('R21: with other content since is told of the disk of an earlier guest, not of one that is older', () => {
    const reused = guest('running', (xml) => xml.replace('cloudInit="', 'disk="reused" cloudInit="'));
    const same = made(debian, { source: image('debian', 'bb') });
    assert.ok(reused.domain);

    assert.equal(told({ image: 'debian' }, same), undefined);
    assert.match(
      told({ image: 'debian' }, { ...same, domain: reused.domain }) ?? '',
      /other content of Image/,
    );
    const unchanged = { ...same, domain: reused.domain, source: image('debian') };
    assert.equal(told({ image: 'debian' }, unchanged), undefined);
  });
});

describe('a disk under a snapshot', () => {
  const snapped = (xml: string): string => xml.replace('master00.qcow2', 'master00.snap1');
  const size = 2 ** 30;

  it('R7: is not grown, which is told with the way back', () => {
    for (const state of ['running', 'shutoff'] as const) {
      const { disk } = guest(state);
      const observed = guest(state, snapped);
      assert.ok(observed.domain);
      const snapshot = parseDomain(snapped(fixture('domain-live'))).model;
      const domain = { ...observed.domain, ...(state === 'running' ? { live: snapshot } : {}) };
      const wants = { ...desired, definition, diskSize: 2 * size, spec: spec({ power: 'Stopped' }) };

      const plan = planNode(wants, { ...observed, domain, disk: { ...disk, size } });

      assert.ok(!plan.actions.some(({ type }) => type === 'GrowDisk'), state);
      const refusal = plan.pending?.find(({ type }) => type === 'DiskGrowthRefused');
      assert.match(
        refusal?.message ?? '',
        /has 1Gi and shall have 2Gi.*snap1.*virsh blockcommit master00 vda/,
      );
    }
  });
});
