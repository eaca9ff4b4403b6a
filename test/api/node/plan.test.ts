import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WaitingReason } from '../../../src/api/disruption/waiting.ts';
import { planNode, type Dependency, type ObservedNode } from '../../../src/api/node/plan.ts';
import { desired, guest, nothing, spec, unstarted } from './bed.ts';
import { types } from '../network/bed.ts';

const stopped = { ...desired, spec: spec({ power: 'Stopped' }) };
function waiting(reason: WaitingReason): Dependency {
  return { state: 'waiting', reason, message: `${reason}!` };
}

function laterTypes(observed: ObservedNode, wanted = desired): string[] {
  return (planNode(wanted, observed).later ?? []).map(({ type }) => type);
}

describe('a guest that is not there', () => {
  it('is made in the order disk, seed, definition, start, all without disruption', () => {
    const plan = planNode(desired, nothing);

    assert.deepEqual(types(plan), ['CreateDisk', 'WriteSeed', 'DefineDomain', 'StartDomain']);
    assert.deepEqual(new Set(plan.actions.map(({ disruption }) => disruption)), new Set(['none']));
    for (const { reason } of plan.actions) assert.match(reason, /^[^\n]{5,}$/);
  });

  it('gets an overlay with the format of its image said, and its size', () => {
    const raw = {
      state: 'ready',
      disk: { from: 'image', image: 'debian', path: '/i', format: 'raw' },
    } as const;

    const [disk] = planNode({ ...desired, diskSize: 4096 }, { ...nothing, source: raw }).actions;

    assert.deepEqual(disk?.type === 'CreateDisk' && [disk.source, disk.size], [
      { from: 'image', image: 'debian', path: '/i', format: 'raw' },
      4096,
    ]);
  });

  it('takes a whole disk of its own again that an earlier try left', () => {
    const left = { ...nothing, disk: { ...nothing.disk, exists: true, ours: true, whole: true } };

    assert.deepEqual(types(planNode(desired, left)), ['WriteSeed', 'DefineDomain', 'StartDomain']);
    const broken = { ...left, disk: { ...left.disk, whole: false } };
    assert.ok(types(planNode(desired, broken)).includes('CreateDisk'));
  });

  it('is made but not started when its power is Stopped', () => {
    assert.deepEqual(types(planNode(stopped, nothing)), ['CreateDisk', 'WriteSeed', 'DefineDomain']);
  });

  it('gets no disk where the manifest names one that is there', () => {
    const path = { ...desired, spec: spec({ disk: { path: '/srv/m.qcow2' } }) };
    const there = { path: '/srv/m.qcow2', exists: true, ours: false, whole: true };

    const plan = planNode(path, { ...nothing, source: { state: 'ready' }, disk: there });

    assert.deepEqual(types(plan), ['WriteSeed', 'DefineDomain', 'StartDomain']);
  });

  for (const need of ['host', 'networks', 'source'] as const) {
    it(`waits for its ${need}, and says what follows then`, () => {
      const observed = { ...nothing, [need]: waiting('NetworkNotReady') };

      const plan = planNode(desired, observed);

      assert.deepEqual(
        [plan.actions, plan.waiting],
        [[], { reason: 'NetworkNotReady', message: 'NetworkNotReady!' }],
      );
      assert.deepEqual(laterTypes(observed), ['CreateDisk', 'WriteSeed', 'DefineDomain', 'StartDomain']);
      assert.deepEqual(laterTypes(observed, stopped), ['CreateDisk', 'WriteSeed', 'DefineDomain']);
    });
  }

  it('is not defined before the copy of its disk is whole', () => {
    const source = { state: 'ready', disk: { from: 'node', node: 'a', path: '/a', running: true } } as const;

    const begin = planNode(desired, { ...nothing, source });
    const under = { ...nothing, source, copying: { reason: 'CopyingDisk', message: '4 %' } } as const;
    const whole = { ...nothing, source, disk: { ...nothing.disk, exists: true, ours: true, whole: true } };

    assert.deepEqual(types(begin), ['CreateDisk']);
    assert.deepEqual(
      [planNode(desired, under).actions, planNode(desired, under).waiting?.reason],
      [[], 'CopyingDisk'],
    );
    assert.deepEqual(laterTypes(under), ['WriteSeed', 'DefineDomain', 'StartDomain']);
    assert.deepEqual(types(planNode(desired, whole)), ['WriteSeed', 'DefineDomain', 'StartDomain']);
  });
});

describe('nothing is done', () => {
  const foreign = guest('shutoff', (xml) => xml.replace(/<metadata>[^]*<\/metadata>/, ''));
  const network = guest('shutoff', (xml) => xml.replace('kind="Node"', 'kind="Network"'));
  const notOurs = { ...nothing, disk: { ...nothing.disk, exists: true, ours: false, whole: true } };
  const macHolder = { domain: 'other', mac: '52:54:00:5e:53:fb' };
  const cases = [
    ['to a domain that k8slab did not make', foreign, 'Conflict', /did not make/],
    ['to a domain with a mark of another kind', network, 'Conflict', /did not make/],
    [
      'while another domain has its MAC address',
      { ...nothing, macHolder },
      'MACInUse',
      /"other".*52:54:00:5e:53:fb/,
    ],
    ['over a disk that k8slab did not make', notOurs, 'DiskNotOurs', /\/disks\/master00\.qcow2/],
  ] as const;

  for (const [what, observed, reason, message] of cases) {
    it(what, () => {
      for (const wanted of [desired, stopped]) {
        const plan = planNode(wanted, observed);
        assert.deepEqual([plan.actions, plan.later, plan.waiting?.reason], [[], undefined, reason]);
        assert.match(plan.waiting?.message ?? '', message);
      }
    });
  }
});

describe('a guest that is there', () => {
  it('is left alone while it runs', () => {
    for (const state of ['running', 'paused', 'inshutdown', 'pmsuspended', 'unknown'] as const) {
      assert.deepEqual(planNode(desired, guest(state)), { actions: [] }, state);
    }
  });

  for (const state of ['shutoff', 'crashed'] as const) {
    it(`is started again when it is ${state}`, () => {
      assert.deepEqual(types(planNode(desired, guest(state))), ['StartDomain']);
    });
  }

  it('is not started before its back-off is over', () => {
    const plan = planNode(desired, { ...guest('crashed'), startBackoffSeconds: 7 });

    assert.deepEqual([plan.actions, plan.waiting?.reason], [[], 'StartBackOff']);
    assert.match(plan.waiting?.message ?? '', /7 s/);
  });

  it('is not started while as many guests boot as may', () => {
    assert.equal(planNode(desired, { ...guest('shutoff'), bootSlot: false }).waiting?.reason, 'BootQueued');
    const fresh = planNode(desired, { ...nothing, bootSlot: false });
    assert.deepEqual(
      [types(fresh), fresh.waiting?.reason],
      [['CreateDisk', 'WriteSeed', 'DefineDomain'], 'BootQueued'],
    );
  });

  it('is not started without its reservation', () => {
    const plan = planNode(desired, { ...guest('shutoff'), networks: waiting('ReservationNotLive') });

    assert.deepEqual([plan.actions, plan.waiting?.reason], [[], 'ReservationNotLive']);
  });

  it('says so when its network refuses what its manifest wants, though it runs', () => {
    const plan = planNode(desired, { ...guest('running'), networks: waiting('Conflict') });

    assert.deepEqual([plan.actions, plan.waiting?.reason], [[], 'Conflict']);
  });

  it('needs neither its image nor the capabilities of the vmhost any more', () => {
    const observed = { ...guest('shutoff'), source: waiting('ImageNotFound'), host: waiting('HostNotReady') };

    assert.deepEqual(types(planNode(desired, observed)), ['StartDomain']);
  });
});

describe('a guest that cannot start', () => {
  const off = guest('shutoff');
  const gone = { ...off.disk, exists: false, whole: false };

  it('C6: has the words of libvirt in its plan while it is tried again, and not that it stopped soon', () => {
    const startFailure = 'cannot set up guest memory';
    const plan = planNode(desired, { ...off, startBackoffSeconds: 7, startFailure });

    assert.deepEqual([plan.actions, plan.waiting?.reason], [[], 'StartFailed']);
    assert.match(plan.waiting?.message ?? '', /^cannot set up guest memory; it is tried again/);
    assert.deepEqual(types(planNode(desired, { ...off, startFailure })), ['StartDomain']);
  });

  it('C6: for want of its seed gets it anew before the start, and only then', () => {
    assert.deepEqual(types(planNode(desired, { ...off, seedThere: false })), ['WriteSeed', 'StartDomain']);
    assert.deepEqual(types(planNode(desired, { ...off, seedThere: true })), ['StartDomain']);
    assert.deepEqual(types(planNode(stopped, unstarted({ ...off, seedThere: false }))), []);
  });

  for (const [what, disk, fields, reason, message] of [
    ['its disk', gone, {}, 'DiskMissing', /is gone; put it back.*virsh undefine master00/],
    ['its storage', { ...gone, ours: false }, {}, 'StorageMissing', /is its file system mounted\?/],
    [
      'a disk of the user',
      { ...gone, path: '/srv/a', ours: false, problem: 'cannot read disk "/srv/a"' },
      { disk: { path: '/srv/a' } },
      'DiskMissing',
      /^cannot read disk "\/srv\/a"$/,
    ],
  ] as const) {
    it(`F6: for want of ${what} says so at once, running or not, and gets no empty one`, () => {
      for (const power of ['Running', 'Stopped']) {
        const observed = { ...off, disk };
        const plan = planNode(
          { ...desired, spec: spec({ power, ...fields }) },
          power === 'Stopped' ? unstarted(observed) : observed,
        );
        assert.deepEqual([plan.actions, plan.waiting?.reason], [[], reason]);
        assert.match(plan.waiting?.message ?? '', message);
      }
    });
  }

  for (const [what, edit, message] of [
    [
      'the disk that it has',
      (xml: string) => xml,
      /^others made the guest, with (\S+): .*"disk: \{path: \1\}"$/,
    ],
    [
      'that it has none',
      (xml: string) => xml.replaceAll(/<disk [^>]*device=.disk.*?<\/disk>/gs, ''),
      /^others made the guest, and without a disk file/,
    ],
  ] as const) {
    it(`of others, whose manifest asks for a disk of k8slab's, is told ${what}`, () => {
      const adopted = guest('shutoff', (xml) =>
        edit(xml.replace('kind="Node"', 'kind="Node" adopted="yes"')),
      );

      const plan = planNode(desired, { ...adopted, disk: { ...gone, ours: false } });

      assert.deepEqual([plan.actions, plan.waiting?.reason], [[], 'Conflict']);
      assert.match(plan.waiting?.message ?? '', message);
    });
  }

  it('F7: for want of a file that its disk stands on says which, defined or not, and is not started', () => {
    const lacks = '/images/debian-0123456789ab.qcow2';
    for (const observed of [off, { ...nothing, disk: off.disk }]) {
      const plan = planNode(desired, { ...observed, disk: { ...off.disk, size: 1, lacks } });

      assert.deepEqual([plan.actions, plan.waiting?.reason], [[], 'BackingFileMissing']);
      assert.match(
        plan.waiting?.message ?? '',
        /debian-0123456789ab\.qcow2, which is gone; put that file back/,
      );
    }
  });

  it('F7: again for want of a file that its disk stands on runs on, and is told how to save its data', () => {
    const disk = { ...off.disk, lacks: '/images/debian-0123456789ab.qcow2' };
    const running = guest('running');
    const domain = running.domain && { ...running.domain, live: running.domain.config.model };
    const plan = planNode(desired, { ...running, ...(domain && { domain }), disk });

    assert.deepEqual([plan.actions, plan.waiting], [[], undefined]);
    assert.deepEqual(
      plan.pending?.map(({ type, reason }) => [type, reason]),
      [['DiskMissing', 'BackingFileMissing']],
    );
    assert.match(plan.pending.map(({ message }) => message).join(), /"virsh blockpull master00 vda"/);
  });

  it('again because its disk is gone runs on as long as it runs, which is told', () => {
    const plan = planNode(desired, { ...guest('running'), disk: gone });

    assert.deepEqual([plan.actions, plan.waiting], [[], undefined]);
    assert.deepEqual(
      plan.pending?.map(({ type, reason }) => [type, reason]),
      [['DiskMissing', 'DiskMissing']],
    );
  });
});

describe('a guest whose power is Stopped', () => {
  it('is asked to shut down, which is said to be a disruption', () => {
    const plan = planNode(stopped, unstarted(guest('running')));

    assert.deepEqual(
      plan.actions.map(({ type, disruption }) => [type, disruption]),
      [['ShutdownDomain', 'restart']],
    );
  });

  it('is not asked at every look, and again after a while: it may have missed it', () => {
    const asked = planNode(stopped, unstarted({ ...guest('running'), stoppingSeconds: 5 }));
    const again = planNode(stopped, unstarted({ ...guest('running'), stoppingSeconds: 30 }));

    assert.deepEqual([asked.actions, asked.waiting?.reason], [[], 'ShuttingDown']);
    assert.deepEqual(types(again), ['ShutdownDomain']);
  });

  for (const state of ['shutoff', 'crashed'] as const) {
    it(`is left alone when it is ${state}, whatever its networks say`, () => {
      assert.deepEqual(
        planNode(stopped, unstarted({ ...guest(state), networks: waiting('NetworkNotFound') })),
        {
          actions: [],
        },
      );
    });
  }
});
