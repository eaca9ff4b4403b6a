import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { PlannedObject, PlannedStep } from '../../src/api/disruption/action.ts';
import { fetchPlan, planExitCode, printPlan } from '../../src/cli/plan.ts';
import { networkText } from '../api/manifest/samples.ts';
import { serveLab, type Served } from './bed.ts';

const START: PlannedStep = { type: 'StartDomain', disruption: 'none', reason: 'the guest shall run' };
const SHUTDOWN: PlannedStep = {
  type: 'ShutdownDomain',
  disruption: 'restart',
  reason: 'power is Stopped',
  seconds: 60,
  guests: ['a'],
};
const waiting = { reason: 'NetworkNotFound', message: 'there is no Network "x" yet' } as const;

function item(name: string, more: Partial<PlannedObject> = {}): PlannedObject {
  return { kind: 'Node', name, actions: [], ...more };
}

function print(...items: PlannedObject[]): string[] {
  return printPlan({ items }).trimEnd().split('\n');
}

describe('a printed plan', () => {
  it('has a line per action: what it is done to, what it costs whom and for how long, and why', () => {
    assert.deepEqual(print(item('a', { actions: [SHUTDOWN] }), item('bb', { actions: [START] })), [
      'OBJECT    ACTION           DISRUPTION      GUESTS   REASON',
      'node/a    ShutdownDomain   restart(~60s)   a        power is Stopped',
      'node/bb   StartDomain      none            -        the guest shall run',
      '',
      '2 actions',
    ]);
  });

  it('has old and new values where the planner knows them', () => {
    const changes = [
      { field: 'cpus', from: '1', to: '2' },
      { field: 'memory', from: '1Gi', to: '2Gi' },
    ];
    const define: PlannedStep = {
      type: 'DefineDomain',
      disruption: 'none',
      reason: 'the definition differs',
      changes,
    };

    assert.match(
      print(item('a', { actions: [define] }))[1] ?? '',
      /the definition differs \(cpus: 1 -> 2, memory: 1Gi -> 2Gi\)$/,
    );
  });

  it('says what an object waits for, and what follows then', () => {
    const lines = print(item('a', { waiting, later: [START] }));

    assert.match(lines[1] ?? '', /^node\/a +<waits> +- +- +NetworkNotFound: there is no Network "x" yet$/);
    assert.match(
      lines[2] ?? '',
      /^node\/a +StartDomain +none +- +the guest shall run, after NetworkNotFound$/,
    );
    assert.equal(lines.at(-1), '1 action, 1 object waits');
  });

  it('says what an object goes without, once, and does not call that nothing', () => {
    const pending = [
      { type: 'RestartRequired', reason: 'RestartRequired', message: 'virsh shutdown a' },
      { type: 'DiskShrinkRefused', reason: 'WouldLoseData', message: 'stays' },
    ] as const;
    const restart = { reason: 'RestartRequired', message: 'virsh shutdown a' } as const;

    const lines = print(item('a', { waiting: restart, pending }), item('b', { pending: [pending[1]] }));

    assert.deepEqual(
      lines.slice(1).map((line) => line.replaceAll(/ {2,}/g, ' ')),
      [
        'node/a <waits> - - RestartRequired: virsh shutdown a',
        'node/a <pending> - - DiskShrinkRefused: stays',
        'node/b <pending> - - DiskShrinkRefused: stays',
        '',
        'No action now, 2 objects wait',
      ],
    );
  });

  it('says what could not be planned', () => {
    const lines = print(item('a', { error: 'cannot reach libvirt' }));

    assert.match(lines[1] ?? '', /^node\/a +<error> +- +- +cannot reach libvirt$/);
    assert.equal(lines.at(-1), 'Nothing to do, 1 object could not be planned');
  });

  it('of nothing to do is one line', () => {
    assert.deepEqual(print(item('a'), item('b')), ['Nothing to do']);
  });
});

describe('the exit code of a plan', () => {
  const cases: readonly [what: string, items: PlannedObject[], code: number][] = [
    ['nothing to do', [item('a')], 0],
    ['an object that waits and has nothing to follow', [item('a', { waiting })], 0],
    [
      'what goes without an action of ours',
      [item('a', { pending: [{ type: 'DiskSourceDiffers', reason: 'MadeBefore', message: 'x' }] })],
      0,
    ],
    ['an action', [item('a'), item('b', { actions: [START] })], 2],
    ['an action that follows later', [item('a', { waiting, later: [START] })], 2],
    [
      'an object that could not be planned, beside an action',
      [item('a', { error: 'x' }), item('b', { actions: [START] })],
      1,
    ],
  ];
  for (const [what, items, code] of cases) {
    it(`is ${code} for ${what}`, () => {
      assert.equal(planExitCode({ items }), code);
    });
  }
});

describe('k8slab plan', () => {
  let lab: Served;
  let dir: string;
  before(async () => {
    lab = await serveLab();
    dir = await mkdtemp(join(tmpdir(), 'k8slab-plan-'));
  });
  after(async () => {
    await lab.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('asks for the plan of now, or of the manifests that it is given', async () => {
    const path = join(dir, 'net.yaml');
    await writeFile(path, networkText('k8s-net'));
    lab.planned = [item('a', { actions: [START] })];

    const [now, then] = [await fetchPlan(lab.client, []), await fetchPlan(lab.client, [dir])];
    await fetchPlan(lab.client, [dir], { only: true });

    const files = [{ path, text: networkText('k8s-net') }];
    assert.deepEqual([now.items, then.items], [lab.planned, lab.planned]);
    assert.deepEqual(lab.asked, [{}, { files }, { files, only: true }]);
    await assert.rejects(fetchPlan(lab.client, [], { only: true }), { reason: 'BadArgument' });
  });

  it('of manifests with errors is none: it says what is wrong with them', async () => {
    const path = join(dir, 'bad.yaml');
    await writeFile(path, networkText('k8s-net', { cidr: 'x' }));
    lab.asked.length = 0;

    await assert.rejects(fetchPlan(lab.client, [path]), {
      reason: 'InvalidManifests',
      message: /bad\.yaml:1:\d+: spec\.cidr/,
    });

    assert.deepEqual(lab.asked, []);
  });
});
