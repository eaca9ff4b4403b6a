import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { condition } from '../../../src/api/conditions.ts';
import { parseDomain } from '../../../src/api/libvirt/domain.ts';
import { planNode, type DesiredNode, type ObservedNode } from '../../../src/api/node/plan.ts';
import { inTheWay, peersInTheWay } from '../../../src/api/node/rollout.ts';
import { fixture } from '../libvirt/fixtures.ts';
import { types } from '../network/bed.ts';
import { desired, guest, node, spec, unstarted } from './bed.ts';

const stopped: DesiredNode = { ...desired, spec: spec({ power: 'Stopped' }) };

function asked(
  stoppingSeconds: number,
  downSeconds: number,
  state: 'running' | 'inshutdown' = 'running',
): ObservedNode {
  return unstarted({ ...guest(state), stoppingSeconds, downSeconds });
}

describe('E48: a guest that shall stop', () => {
  it('is asked again every 10 s, and loses its plug when its time is over', () => {
    const steps = [
      types(planNode(stopped, unstarted(guest('running')))),
      types(planNode(stopped, asked(9, 9))),
      types(planNode(stopped, asked(10, 10))),
      types(planNode(stopped, asked(1, 119))),
      types(planNode(stopped, asked(9, 120))),
    ];

    assert.deepEqual(steps, [['ShutdownDomain'], [], ['ShutdownDomain'], [], ['DestroyDomain']]);
  });

  it('loses its plug too when it hangs on its way down', () => {
    assert.deepEqual(types(planNode(stopped, asked(200, 200, 'inshutdown'))), ['DestroyDomain']);
    assert.equal(planNode(stopped, asked(40, 40, 'inshutdown')).waiting?.reason, 'ShuttingDown');
  });

  it('keeps its plug when nobody asked it', () => {
    assert.deepEqual(types(planNode(stopped, unstarted(guest('inshutdown')))), []);
  });
});

describe('a guest whose definition has what it has not', () => {
  const definition = {
    type: 'qemu',
    cpus: 2,
    memory: 512 * 1024 ** 2,
    interfaces: [{ network: 'k8s-net', mac: '52:54:00:5e:53:fb' }],
    reclaim: 'Retain',
  } as const;
  const any: DesiredNode = { ...desired, spec: spec({ policy: { restart: 'OnAnyChange' } }), definition };

  function outdated(more: Partial<ObservedNode> = {}): ObservedNode {
    const observed = guest('running', (xml) =>
      xml.replace("'static'>1<", "'static'>2<").replace('kind="Node"', 'kind="Node" reclaim="Retain"'),
    );
    assert.ok(observed.domain);
    const live = parseDomain(fixture('domain-live')).model;
    return { ...observed, domain: { ...observed.domain, live }, ...more };
  }

  it('is shut down where the policy allows any change, and started once it is off', () => {
    const [shutdown] = planNode(any, outdated()).actions;

    assert.deepEqual(
      [shutdown?.type, shutdown?.disruption, shutdown?.guests],
      ['ShutdownDomain', 'restart', ['master00']],
    );
    assert.deepEqual(
      types(planNode(any, { ...guest('shutoff'), stoppingSeconds: 3, downSeconds: 3 })).at(-1),
      'StartDomain',
    );
  });

  it('runs on under the other policies, which is told', () => {
    for (const restart of ['Never', 'OnAddressChange']) {
      const plan = planNode({ ...any, spec: spec({ policy: { restart } }) }, outdated());
      assert.deepEqual([plan.actions, plan.waiting?.reason], [[], 'RestartRequired'], restart);
    }
  });

  it('waits for the others of its role, but what was begun is brought to its end', () => {
    const peers = ['master01 is being changed'];

    assert.equal(planNode(any, outdated({ peers })).waiting?.reason, 'RolloutWaiting');
    assert.deepEqual(types(planNode(any, outdated({ peers, stoppingSeconds: 9, downSeconds: 130 }))), [
      'DestroyDomain',
    ]);
  });

  it('F7: is not restarted while it could not start again, which is said', () => {
    for (const lost of [{ exists: false }, { lacks: '/images/debian.qcow2' }]) {
      const found = outdated();
      const plan = planNode(any, { ...found, disk: { ...found.disk, ...lost } });

      assert.deepEqual([plan.actions, plan.waiting?.reason], [[], 'RestartRequired']);
      assert.match(plan.waiting?.message ?? '', /would not start again/);
    }
  });

  it('is not restarted for it again when that did not help, nor while it boots', () => {
    for (const more of [{ restartedSeconds: 100 }, { bootingSeconds: 10 }]) {
      assert.deepEqual(planNode(any, outdated(more)).actions, []);
    }
  });
});

describe('the guests of a role', () => {
  const ready = (
    name: string,
    status: 'True' | 'False' = 'True',
    reason = 'Ready',
  ): ReturnType<typeof node> =>
    node(name, { role: 'master' }, { conditions: [condition('Ready', status, reason)] });
  it('are in the way while one of them is not Ready, or was not looked at', () => {
    assert.equal(inTheWay(ready('b', 'False', 'NoLease')), 'is not Ready: NoLease');
    assert.equal(inTheWay(node('d', { role: 'master' })), 'was not looked at yet');
    assert.equal(inTheWay(ready('c')), undefined);
  });

  it('are in nobody’s way when they wait themselves, or shall be off', () => {
    for (const peer of [
      ready('b', 'False', 'RolloutWaiting'),
      ready('c', 'False', 'AddressInUse'),
      node('d', { role: 'master', power: 'Stopped' }),
    ]) {
      assert.equal(inTheWay(peer), undefined);
    }
  });

  it('let the one whose turn it is go on, and no other', () => {
    const unready = new Map([
      ['a', 'is not Ready: NoLease'],
      ['b', 'is not Ready: NoLease'],
    ]);

    assert.deepEqual(peersInTheWay('a', { unready, holder: 'a' }), []);
    assert.deepEqual(peersInTheWay('a', { unready }), ['b is not Ready: NoLease']);
    assert.deepEqual(peersInTheWay('a', { unready, holder: 'c' }), [
      'c is being changed',
      'b is not Ready: NoLease',
    ]);
  });
});

describe('a guest that others stopped', () => {
  it('is started again, which counts as drift; one that k8slab stopped is started without', () => {
    assert.equal(planNode(desired, { ...guest('shutoff'), ran: true }).actions[0]?.drift, true);
    assert.equal(planNode(desired, guest('shutoff')).actions[0]?.drift, undefined);
  });

  it('stays off where the policy is to report, and is told', () => {
    const report = { ...desired, spec: spec({ policy: { drift: 'Report' } }) };

    const plan = planNode(report, { ...guest('shutoff'), ran: true });

    assert.deepEqual([plan.actions, plan.waiting?.reason], [[], 'Drifted']);
    assert.deepEqual(types(planNode(report, guest('shutoff'))), ['StartDomain'], 'it never ran');
  });
});
