import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDomain } from '../../../src/api/libvirt/domain.ts';
import { planNode, type DesiredNode, type ObservedNode } from '../../../src/api/node/plan.ts';
import { restartFields } from '../../../src/api/node/pending.ts';
import { definitionHash, type DesiredDefinition } from '../../../src/api/node/render-domain-over.ts';
import { fixture } from '../libvirt/fixtures.ts';
import { types } from '../network/bed.ts';
import { definition, desired, guest, spec, unstarted } from './bed.ts';

function wants(more: Partial<DesiredDefinition> = {}, fields: Record<string, unknown> = {}): DesiredNode {
  return { ...desired, spec: spec(fields), definition: { ...definition, ...more } };
}

/** The guest as k8slab defined it for `definition`, then edited. */
function running(edit: (xml: string) => string = (xml) => xml): ObservedNode {
  const observed = guest('running', (xml) =>
    edit(xml.replace('cloudInit="', `reclaim="Retain" applied="${definitionHash(definition)}" cloudInit="`)),
  );
  assert.ok(observed.domain);
  return { ...observed, domain: { ...observed.domain, live: parseDomain(fixture('domain-live')).model } };
}

function fewer(xml: string): string {
  return xml.replace("'static'>1<", "'static'>8<");
}

describe('the definition of a guest', () => {
  it('that is as wanted needs nothing', () => {
    assert.deepEqual(planNode(wants(), running()), { actions: [] });
  });

  it('made before k8slab kept account needs nothing either', () => {
    const observed = running((xml) => xml.replace(/ applied="[^"]*"/, ''));

    assert.deepEqual(planNode(wants(), observed), { actions: [] });
  });

  it('needs nothing either while it is not known which hypervisor libvirt offers', () => {
    const { type: _, ...untyped } = definition;

    assert.deepEqual(planNode({ ...wants(), definition: untyped }, running()).actions, []);
  });

  it('waits with the restart too while it is not known which hypervisor libvirt offers', () => {
    const { type: _, ...untyped } = definition;
    const onAnyChange = { policy: { restart: 'OnAnyChange' } };
    const wanted = wants({}, onAnyChange);

    const before = planNode({ ...wanted, definition: { ...untyped, cpus: 8 } }, running());
    const after = planNode({ ...wanted, definition: { ...untyped, cpus: 8 } }, running(fewer));

    assert.deepEqual(before.actions, []);
    assert.deepEqual(types(after), ['ShutdownDomain'], 'it is defined, and in no running guest');
  });

  it('E45: follows the manifest at once and at no cost, and the guest is not touched', () => {
    const plan = planNode(wants({ cpus: 2, memory: 2 ** 30 }), running());

    const [define] = plan.actions;
    assert.ok(define?.type === 'DefineDomain' && define.xml !== undefined);
    assert.deepEqual([plan.actions.length, define.disruption, define.drift], [1, 'none', undefined]);
    assert.match(define.reason, /cpus, memory/);
    assert.deepEqual(define.changes, [
      { field: 'cpus', from: '1', to: '2' },
      { field: 'memory', from: '512Mi', to: '1Gi' },
    ]);
    assert.equal(parseDomain(define.xml).model.cpus.count, 2);
    assert.equal(plan.waiting?.reason, 'RestartRequired');
    assert.match(plan.waiting.message, /cpus, memory; policy\.restart is OnAddressChange/);
  });

  it('that somebody edited is repaired, which counts as drift', () => {
    const [define] = planNode(wants(), running(fewer)).actions;

    assert.deepEqual([define?.type, define?.drift], ['DefineDomain', true]);
    assert.match(define?.reason ?? '', /cpus, changed behind the manifest/);
  });

  it('that somebody edited stays where the policy is to report, and is told', () => {
    const report = { policy: { drift: 'Report' } };
    const plan = planNode(wants({}, report), running(fewer));
    const changed = planNode(wants({ cpus: 2 }, report), running(fewer));

    assert.deepEqual([plan.actions, plan.waiting?.reason], [[], 'Drifted']);
    assert.deepEqual(types(changed), ['DefineDomain'], 'the manifest itself changed');
  });

  it('that somebody edited and is left so is no cause for a restart, which would not undo it', () => {
    const observed = running(fewer);
    const { domain } = observed;
    assert.ok(domain?.live);
    const live = { ...domain.live, cpus: { count: 8, plugged: 8 } };
    const policy = { drift: 'Report', restart: 'OnAnyChange' };

    const plan = planNode(wants({}, { policy }), { ...observed, domain: { ...domain, live } });

    assert.deepEqual([plan.actions, plan.waiting?.reason], [[], 'Drifted']);
  });

  it('is made again for a guest that runs without one', () => {
    const observed = running();
    assert.ok(observed.domain);
    const transient = { ...observed, domain: { ...observed.domain, transient: true as const } };

    assert.deepEqual(types(planNode(wants(), transient)), ['DefineDomain']);
  });

  it('is left alone while the networks refuse what the manifest wants', () => {
    const networks = { state: 'waiting', reason: 'Conflict', message: 'taken' } as const;

    assert.deepEqual(planNode(wants({ cpus: 2 }), { ...running(), networks }).actions, []);
  });

  it('whose disk is another file is told and stays: it may be a snapshot', () => {
    const observed = running((xml) => xml.replace('master00.qcow2', 'master00.snap1'));

    const plan = planNode(wants(), { ...observed, disk: running().disk });

    assert.deepEqual([plan.actions, plan.waiting?.reason], [[], 'Drifted']);
    assert.match(plan.waiting?.message ?? '', /snap1/);
  });
});

describe('what a running guest gets by a restart only', () => {
  for (const [what, more] of [
    ['cpus', { cpus: 2 }],
    ['memory', { memory: 2 ** 30 }],
    ['domainType', { type: 'kvm' }],
    ['networks', { interfaces: [{ network: 'k8s-net', mac: '52:54:00:00:00:09' }] }],
  ] as const) {
    it(`are its ${what}`, () => {
      assert.deepEqual(restartFields(wants(more), running()), [what]);
    });
  }

  it('is nothing when it has all of it', () => {
    assert.deepEqual(restartFields(wants(), running()), []);
  });

  it('is nothing for a guest that is off', () => {
    assert.deepEqual(restartFields(wants({ cpus: 2 }), guest('shutoff')), []);
  });
});

describe('the link of a NIC', () => {
  function cut(): ObservedNode {
    const observed = running();
    const { domain } = observed;
    assert.ok(domain?.live);
    const interfaces = domain.live.interfaces.map((nic) => ({ ...nic, link: 'down' as const }));
    return { ...observed, domain: { ...domain, live: { ...domain.live, interfaces } } };
  }

  it('that somebody set down is set up again', () => {
    const [raise] = planNode(wants(), cut()).actions;

    assert.deepEqual([raise?.type, raise?.drift], ['RaiseLink', true]);
  });

  it('stays down where the policy is to report', () => {
    assert.deepEqual(planNode(wants({}, { policy: { drift: 'Report' } }), cut()).actions, []);
  });
});

describe('whether libvirt starts a guest with the vmhost', () => {
  const off = { power: 'Stopped' };

  it('U18: is as its power says, and what others change of it is drift', () => {
    const cases = [
      ['running', true, {}, undefined],
      ['running', false, {}, [true, true]],
      ['shutoff', false, {}, [true, undefined]],
      ['running', true, off, [false, undefined]],
      ['shutoff', true, off, [false, true]],
      ['shutoff', false, off, undefined],
    ] as const;
    for (const [state, autostart, fields, expected] of cases) {
      const observed = autostart ? guest(state) : unstarted(guest(state));
      const action = planNode({ ...desired, spec: spec(fields) }, observed).actions.find(
        ({ type }) => type === 'SetDomainAutostart',
      );
      const found = action?.type === 'SetDomainAutostart' ? [action.on, action.drift] : undefined;
      assert.deepEqual(found, expected, `${state} ${autostart} ${JSON.stringify(fields)}`);
    }
  });

  it('stays as others set it of a guest that they switched off too, where the policy is to report', () => {
    const observed = { ...unstarted(guest('shutoff')), ran: true };

    const plan = planNode({ ...desired, spec: spec({ policy: { drift: 'Report' } }) }, observed);

    assert.deepEqual([plan.actions, plan.waiting?.reason], [[], 'Drifted']);
  });

  it('F2: is set again with the definition of one that was undefined, which has forgotten it', () => {
    const observed = running();
    assert.ok(observed.domain);
    const transient = { ...observed, domain: { ...observed.domain, transient: true as const } };

    const [define, ...rest] = planNode(wants(), unstarted(transient)).actions;

    assert.deepEqual(define?.type === 'DefineDomain' && [define.autostart, rest], [true, []]);
  });

  it('is left to those who made an adopted guest', () => {
    const adopted = guest('running', (xml) => xml.replace('kind="Node"', 'kind="Node" adopted="yes"'));

    assert.deepEqual(planNode(desired, unstarted(adopted)).actions, []);
  });
});

describe('the disk of a guest', () => {
  const GIB = 2 ** 30;
  function sized(state: 'running' | 'shutoff', disk: Partial<ObservedNode['disk']> = {}): ObservedNode {
    const observed = state === 'running' ? running() : guest(state);
    return { ...observed, disk: { ...observed.disk, size: 4 * GIB, ...disk } };
  }

  it('grows under a running guest by libvirt, and else by qemu-img', () => {
    const [live] = planNode({ ...wants(), diskSize: 5 * GIB }, sized('running')).actions;
    const [off] = planNode({ ...wants(), diskSize: 5 * GIB }, sized('shutoff')).actions;

    assert.deepEqual(live?.type === 'GrowDisk' && [live.size, live.target], [5 * GIB, 'vda']);
    assert.deepEqual(off?.type === 'GrowDisk' && [off.size, off.target], [5 * GIB, undefined]);
  });

  it('E52: never shrinks, which is told', () => {
    const plan = planNode({ ...wants(), diskSize: 3 * GIB }, sized('running'));

    assert.deepEqual([plan.actions, plan.waiting?.reason], [[], 'DiskShrinkRefused']);
  });

  it('that k8slab did not make is left as it is', () => {
    assert.deepEqual(
      planNode({ ...wants(), diskSize: 5 * GIB }, sized('running', { ours: false })).actions,
      [],
    );
  });
});
