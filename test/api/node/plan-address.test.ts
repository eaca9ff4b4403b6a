import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { planNode, type ObservedNode } from '../../../src/api/node/plan.ts';
import type { AddressHolder, AddressTry, ObservedAddress } from '../../../src/api/node/observed.ts';
import { types } from '../network/bed.ts';
import { desired, guest, nothing, spec } from './bed.ts';

const MAC = '52:54:00:5e:53:fb';
const OTHER = '52:54:00:00:00:02';
const [OLD, NEW] = ['192.168.111.150', '192.168.111.99'];

const unreached: ObservedAddress = {
  network: 'k8s-net',
  mac: MAC,
  wanted: NEW,
  leased: OLD,
  reached: false,
};
const away: ObservedAddress = { ...unreached, reachedAt: OLD };

function at(address: Partial<ObservedAddress>, more: Partial<ObservedNode> = {}): ObservedNode {
  return { ...guest('running'), addresses: [{ ...away, ...address }], ...more };
}

function holder(more: Partial<AddressHolder> = {}): AddressHolder {
  return { ip: NEW, mac: OTHER, ours: true, inUse: false, ...more };
}

function restartsFor(restart: string): typeof desired {
  return { ...desired, spec: spec({ policy: { restart } }) };
}

describe('a guest that uses another address than is reserved for it', () => {
  it('E04: is asked to renew its lease, which the plan says whom it costs and how long', () => {
    const [renew] = planNode(desired, at({})).actions;

    assert.deepEqual(renew?.type === 'RenewLease' && [renew.mac, renew.at], [MAC, OLD]);
    assert.deepEqual([renew?.disruption, renew?.guests], ['link', ['master00']]);
    assert.ok((renew?.seconds ?? 0) > 0);
    assert.match(renew?.reason ?? '', /192\.168\.111\.150 instead of 192\.168\.111\.99/);
  });

  it('is left alone once it has it, and when ssh reaches it there whatever old leases say', () => {
    assert.deepEqual(planNode(desired, at({ leased: NEW })), { actions: [] });
    assert.deepEqual(planNode(desired, at({ reached: true })), { actions: [] });
  });

  const ladder: readonly [what: string, tried: AddressTry | undefined, expected: string][] = [
    ['nothing was tried and ssh does not answer', undefined, 'CycleLink'],
    ['it was just asked', { way: 'renew', seconds: 5 }, 'OtherAddress'],
    ['renewing did not help', { way: 'renew', seconds: 20 }, 'CycleLink'],
    ['its link was just cycled', { way: 'link', seconds: 5 }, 'OtherAddress'],
    ['its link was cycled in vain', { way: 'link', seconds: 40 }, 'ShutdownDomain'],
    ['a restart did not help either', { way: 'restart', seconds: 9999 }, 'OtherAddress'],
  ];
  for (const [what, tried, expected] of ladder) {
    it(`is met by the next gentlest means: ${expected} when ${what}`, () => {
      const observed = { ...guest('running'), addresses: [unreached], ...(tried && { tried }) };

      const plan = planNode(desired, observed);

      assert.deepEqual([...types(plan), plan.waiting?.reason].filter(Boolean), [expected]);
    });
  }

  it('is brought on when it lost its lease on the way, and left alone when nobody asked it', () => {
    const lost = { network: 'k8s-net', mac: MAC, wanted: NEW, reached: false };
    const observed = { ...guest('running'), addresses: [lost] };

    assert.deepEqual(types(planNode(desired, { ...observed, tried: { way: 'renew', seconds: 20 } })), [
      'CycleLink',
    ]);
    assert.deepEqual(planNode(desired, observed), { actions: [] });
  });

  it('F7: is not restarted for it while it could not start again, which is said', () => {
    const { disk } = guest('running');
    const lost = { disk: { ...disk, lacks: '/images/debian.qcow2' } };
    const plan = planNode(
      restartsFor('OnAnyChange'),
      at({}, { tried: { way: 'link', seconds: 40 }, ...lost }),
    );

    assert.deepEqual([plan.actions, plan.waiting?.reason], [[], 'OtherAddress']);
    assert.match(plan.waiting?.message ?? '', /would not start again/);
  });

  it('is restarted for it only where the policy allows that', () => {
    const tried = { way: 'link', seconds: 40 } as const;
    const outcome = (restart: string): unknown =>
      planNode(restartsFor(restart), at({}, { tried })).actions[0]?.type;

    assert.deepEqual(['Never', 'OnAddressChange', 'OnAnyChange'].map(outcome), [
      undefined,
      'ShutdownDomain',
      'ShutdownDomain',
    ]);
  });

  it('is not disturbed while it boots: its old lease is from before', () => {
    const plan = planNode(desired, { ...guest('running'), addresses: [unreached], bootingSeconds: 5 });

    assert.deepEqual([plan.actions, plan.waiting?.reason], [[], 'OtherAddress']);
  });

  it('waits for the others of its role, and the plan says what follows', () => {
    const plan = planNode(desired, at({}, { peers: ['master01 is not Ready: NoLease'] }));

    assert.deepEqual(
      [plan.actions, plan.waiting?.reason, plan.later?.map(({ type }) => type)],
      [[], 'RolloutWaiting', ['RenewLease']],
    );
    assert.match(plan.waiting?.message ?? '', /master01 is not Ready/);
  });
});

describe('an address that somebody else has a lease on', () => {
  it('is released where k8slab gave it out and nobody uses it any more', () => {
    const plan = planNode(desired, at({ holder: holder({ clientId: '01:02' }) }));

    assert.deepEqual(types(plan), ['ReleaseLease', 'RenewLease']);
    const [release] = plan.actions;
    assert.deepEqual(release?.type === 'ReleaseLease' && release.lease, {
      ip: NEW,
      mac: OTHER,
      clientId: '01:02',
    });
  });

  it('E11: of a stranger is waited for and named, never released', () => {
    for (const inUse of [true, false]) {
      const plan = planNode(desired, at({ holder: holder({ ours: false, inUse }) }));

      assert.deepEqual([plan.actions, plan.waiting?.reason], [[], 'AddressInUse']);
      assert.match(plan.waiting?.message ?? '', new RegExp(OTHER));
    }
  });

  it('of another Node that still uses it is waited for', () => {
    const plan = planNode(desired, at({ holder: holder({ node: 'worker00', inUse: true }) }));

    assert.deepEqual([plan.actions, plan.waiting?.reason], [[], 'AddressInUse']);
  });

  it('E06: is swapped by one of the two stepping aside, and only one', () => {
    const swap = (other: string): ObservedNode =>
      at({ holder: holder({ node: other, inUse: true }), wantedBy: other });

    assert.deepEqual(types(planNode(desired, swap('master01'))), ['RenewLease']);
    assert.equal(planNode(desired, swap('loadbalancer')).waiting?.reason, 'AddressInUse');
  });

  it('E11: keeps a guest from starting with another one', () => {
    const stranger = { ...away, holder: holder({ ours: false }) };
    const off = planNode(desired, { ...guest('shutoff'), addresses: [stranger] });
    const fresh = planNode(desired, { ...nothing, addresses: [stranger] });

    assert.deepEqual([types(off), off.waiting?.reason], [[], 'AddressInUse']);
    assert.deepEqual([types(fresh).includes('StartDomain'), fresh.waiting?.reason], [false, 'AddressInUse']);
  });

  it('E05: of its own former MAC address is released before it starts with its new one', () => {
    const plan = planNode(desired, { ...guest('shutoff'), addresses: [{ ...away, holder: holder() }] });

    assert.deepEqual(types(plan), ['ReleaseLease', 'StartDomain']);
  });
});
