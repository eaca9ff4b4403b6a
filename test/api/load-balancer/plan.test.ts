import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  CONFIG_ACCESS,
  planLoadBalancer,
  type ObservedHaproxy,
  type ObservedLoadBalancer,
} from '../../../src/api/load-balancer/plan.ts';
import type { Plan } from '../../../src/api/disruption/action.ts';
import type { LoadBalancerAction } from '../../../src/api/load-balancer/actions.ts';
import { lbSpec } from './bed.ts';

const GOOD: ObservedHaproxy = {
  installed: true,
  version: '2.6.12',
  config: { sha256: 'wanted', access: CONFIG_ACCESS },
  written: 'wanted',
  busy: false,
  pristine: false,
  active: true,
  enabled: true,
  ports: [22, 6443],
  selinux: false,
};
/** As a package leaves it. */
const FRESH: ObservedHaproxy = {
  installed: true,
  config: { sha256: 'package', access: 'root:root 644' },
  busy: false,
  pristine: true,
  active: true,
  enabled: false,
  ports: [22],
  selinux: false,
};

function plan(
  guest: ObservedHaproxy | undefined,
  observed: Omit<ObservedLoadBalancer, 'guest'> = {},
  policy: Record<string, unknown> = {},
): Plan<LoadBalancerAction> {
  return planLoadBalancer(
    { spec: lbSpec({ policy }), sha256: 'wanted' },
    { ...observed, ...(guest === undefined ? {} : { guest }) },
  );
}

function steps({ actions }: Plan<LoadBalancerAction>): string[] {
  return actions.map(({ type, drift }) => (drift === true ? `${type} drift` : type));
}

describe('the plan of a LoadBalancer', () => {
  it('E67: is empty when all is as wanted', () => {
    assert.deepEqual(plan(GOOD), { actions: [] });
  });

  const cases: readonly (readonly [string, ObservedHaproxy, string[]])[] = [
    ['installs what lacks first', { ...FRESH, installed: false }, ['InstallHAProxy']],
    ["replaces the package's own configuration", FRESH, ['ApplyConfig', 'EnableHAProxy']],
    [
      'E66: writes what the Nodes are, once',
      { ...GOOD, config: { ...GOOD.config, sha256: 'old' } as never, written: 'old' },
      ['ApplyConfig'],
    ],
    [
      'E73: repairs a file changed by hand',
      { ...GOOD, config: { sha256: 'edited', access: CONFIG_ACCESS } },
      ['ApplyConfig drift'],
    ],
    [
      'repairs a file that others may read',
      { ...GOOD, config: { sha256: 'wanted', access: 'root:root 644' } },
      ['ApplyConfig drift'],
    ],
    ['starts HAProxy that was stopped', { ...GOOD, active: false, ports: [22] }, ['StartHAProxy drift']],
    ['E69: enables HAProxy that was disabled', { ...GOOD, enabled: false }, ['EnableHAProxy drift']],
    ['reloads HAProxy that does not listen', { ...GOOD, ports: [22] }, ['ReloadHAProxy']],
    [
      'E72: labels ports where SELinux is on, with a new configuration only',
      { ...FRESH, selinux: true },
      ['LabelPorts', 'ApplyConfig', 'EnableHAProxy'],
    ],
    ['E72: does not label them again', { ...GOOD, selinux: true }, []],
    ['takes a file that was not finished for its own', { ...GOOD, written: 'before' }, ['ApplyConfig drift']],
  ];
  for (const [name, guest, wanted] of cases) {
    it(name, () => {
      assert.deepEqual(steps(plan(guest)), wanted);
    });
  }

  it('repairs a file that was removed, and one of a guest that has none', () => {
    const removed: ObservedHaproxy = { ...FRESH, enabled: true, pristine: false, written: 'wanted' };

    assert.deepEqual(steps(plan(without(removed))), ['ApplyConfig drift']);
    assert.deepEqual(steps(plan(without(FRESH))), ['ApplyConfig', 'EnableHAProxy']);
  });

  it('never costs a guest anything', () => {
    for (const [, guest] of cases) {
      for (const { disruption } of plan(guest).actions) assert.equal(disruption, 'none');
    }
  });

  it('leaves a configuration alone that others wrote, until it may adopt it', () => {
    const theirs = { ...FRESH, pristine: false };

    assert.deepEqual([steps(plan(theirs)), plan(theirs).waiting?.reason], [[], 'ForeignFile']);
    assert.deepEqual(steps(plan(theirs, {}, { adopt: true })), ['ApplyConfig', 'EnableHAProxy']);
  });

  it('reports drift and repairs none where the policy says so', () => {
    const { actions, waiting } = plan({ ...GOOD, enabled: false }, {}, { drift: 'Report' });

    assert.deepEqual([actions, waiting?.reason], [[], 'Drifted']);
  });

  it('E68: does not offer again what HAProxy refused, and goes on serving what it had', () => {
    const old = { ...GOOD, config: { sha256: 'old', access: CONFIG_ACCESS }, written: 'old' };
    const rejected = { sha256: 'wanted', words: '[ALERT] unknown keyword' };

    assert.deepEqual(plan(old, { rejected }), {
      actions: [],
      waiting: { reason: 'ConfigRejected', message: '[ALERT] unknown keyword' },
    });
    assert.deepEqual(steps(plan({ ...old, active: false }, { rejected })), ['StartHAProxy drift']);
    assert.deepEqual(steps(plan(old, { rejected: { ...rejected, sha256: 'another' } })), ['ApplyConfig']);
  });

  it('leaves a guest alone that is still at what was asked of it before', () => {
    const { actions, waiting } = plan({ ...GOOD, busy: true, written: 'old' });

    assert.deepEqual([actions, waiting?.reason], [[], 'Applying']);
  });

  it('does nothing while something is unknown, and says what', () => {
    const blocked = { reason: 'NodesUnknown', message: 'not looked at yet: a' } as const;
    const installing = { reason: 'Installing', message: 'Unpacking haproxy' } as const;

    assert.deepEqual(plan(FRESH, { blocked }), { actions: [], waiting: blocked });
    assert.deepEqual(plan(undefined, { blocked }), { actions: [], waiting: blocked });
    assert.deepEqual(
      [plan(undefined, { installing }).actions, plan(undefined, { installing }).waiting],
      [[], installing],
    );
  });
});

function without(guest: ObservedHaproxy): ObservedHaproxy {
  const { config, ...rest } = guest;
  assert.ok(config);
  return rest;
}
