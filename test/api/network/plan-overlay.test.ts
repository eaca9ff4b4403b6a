import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { desireOverlay, withOverlay, type DesiredOverlay } from '../../../src/api/network/overlay.ts';
import {
  overlayOf,
  type ObservedOverlay,
  type VxlanDevice,
} from '../../../src/api/network/overlay-observed.ts';
import {
  planOverlay,
  planOverlayRemoval,
  type OverlayAction,
} from '../../../src/api/network/plan-overlay.ts';
import { overlayCondition } from '../../../src/api/network/status-overlay.ts';
import { spec } from './bed.ts';

const MAC = '52:54:00:00:00:0a';
const wanted = desire();
const NAME = wanted.device.name;
const DEVICE: VxlanDevice = { ...wanted.device, kind: 'vxlan', up: true, master: 'virbr1', sealed: true };

function desire(peers = ['10.0.0.2'], more: object = {}): DesiredOverlay {
  const own = withOverlay('k8s-net', spec({ overlay: {}, ...more }), undefined);
  const input = { name: 'k8s-net', spec: own, gateway: '192.168.111.1', here: new Set<string>() };
  const others = peers.map((address) => ({ vmhost: `at-${address}`, address }));
  const macs = [{ mac: MAC, vmhost: `at-${peers[0] ?? ''}` }];
  const found = desireOverlay(
    { ...input, gatewayMac: '52:54:00:aa:aa:aa' },
    { local: '10.0.0.1', peers: others, macs },
  );
  return found ?? assert.fail('none');
}

/** As it is once all was done. */
function done(more: Partial<ObservedOverlay> = {}): ObservedOverlay {
  return {
    device: DEVICE,
    flood: new Set(wanted.flood),
    far: new Map(wanted.guests),
    behind: new Set(wanted.guests.keys()),
    chains: new Map([[wanted.filter.chain, wanted.filter.rules.length]]),
    others: [],
    underlay: { mtu: 1500, unreachable: [] },
    ...more,
  };
}

function plan(observed: ObservedOverlay, more: object = {}): OverlayAction[] {
  const at = { network: 'k8s-net', bridge: 'virbr1', stp: true, fresh: false };
  return planOverlay({ ...at, desired: wanted, observed, ...more });
}

function shown(actions: readonly OverlayAction[]): string[] {
  return actions.map(({ type, disruption }) => `${type} ${disruption}`);
}

const nothing = overlayOf({ devices: new Map(), fdb: new Map(), chains: new Map() }, NAME);

describe('the plan of an overlay', () => {
  it('is filtered before it is plugged in, and told of Nodes before it is closed to all others', () => {
    assert.deepEqual(shown(plan(nothing)), [
      'SetOverlay none',
      'FilterOverlay none',
      'PlugOverlay none',
      'UpdateOverlay none',
    ]);
  });

  it('is empty where all is as it shall be', () => {
    assert.deepEqual(plan(done()), []);
  });

  it('changes as many entries as differ', () => {
    const [update, ...more] = plan(done(), { desired: desire(['10.0.0.2', '10.0.0.3']) });

    assert.deepEqual(more, []);
    assert.ok(update?.type === 'UpdateOverlay');
    assert.deepEqual(update.neighbours, {
      flood: { add: ['10.0.0.3'], remove: [] },
      far: { set: [], remove: [] },
      behind: { add: [], remove: [] },
    });
    const [moved] = plan(done(), { desired: desire(['10.0.0.4']) });
    assert.ok(moved?.type === 'UpdateOverlay');
    assert.deepEqual(moved.neighbours.far, { set: [[MAC, '10.0.0.4']], remove: [] });
  });

  it('replaces a device whose VNI or address changes, which guests feel beyond this vmhost, and changes the MTU of one that stays', () => {
    const other = { ...wanted, device: { ...wanted.device, local: '10.0.0.9' } };
    assert.equal(shown(plan(done(), { desired: other }))[0], 'SetOverlay uplink');
    assert.equal(plan(done(), { desired: other }).length, 4);

    const [set, ...more] = plan(done({ device: { ...DEVICE, mtu: 1400 } }));
    assert.ok(set?.type === 'SetOverlay' && set.how === 'change');
    assert.deepEqual(more, []);
  });

  it('tells a bridge that is made anew of all Nodes', () => {
    const actions = plan(done(), { fresh: true });

    assert.deepEqual(shown(actions), ['PlugOverlay none', 'UpdateOverlay none']);
    assert.ok(actions[1]?.type === 'UpdateOverlay');
    assert.deepEqual(actions[1].neighbours.behind, { add: [MAC], remove: [] });
  });

  it('counts as drift what differs from what was in force, and nothing else', () => {
    const broken = done({ far: new Map() });

    assert.ok(plan(broken, { known: wanted }).every(({ drift }) => drift === true));
    assert.ok(plan(broken, { known: desire(['10.0.0.7']) }).every(({ drift }) => drift === undefined));
    assert.ok(plan(broken).every(({ drift }) => drift === undefined));
    assert.ok(plan(broken, { known: wanted, fresh: true }).every(({ drift }) => drift === undefined));
  });

  it('leaves alone what others made', () => {
    const cases: readonly Partial<ObservedOverlay>[] = [
      { device: { ...DEVICE, alias: 'mine' } },
      { device: { name: NAME, kind: 'bridge', mtu: 1500, up: true, sealed: false } },
      { others: [{ ...DEVICE, name: 'vx9' }] },
    ];
    for (const more of cases) {
      assert.deepEqual(plan(done(more)), []);
      assert.equal(overlayCondition('k8s-net', { overlay: done(more) }, wanted, true).reason, 'Conflict');
    }
    for (const { device } of cases.slice(0, 2)) {
      assert.ok(device);
      assert.deepEqual(planOverlayRemoval('k8s-net', done({ device }), 'gone'), []);
    }
  });

  it('goes on with a device that was being made', () => {
    const { alias: _unset, master: _none, ...half } = DEVICE;
    const device = { ...half, up: false, sealed: false };
    const [set] = plan({ ...nothing, device });

    assert.ok(set?.type === 'SetOverlay' && set.how === 'change');
  });

  it('takes the device of a manifest without an overlay away', () => {
    const { desired: _none, ...at } = {
      desired: wanted,
      network: 'k8s-net',
      bridge: 'virbr1',
      stp: true,
      fresh: false,
    };
    assert.deepEqual(shown(planOverlay({ ...at, observed: done() })), ['RemoveOverlay none']);
    assert.deepEqual(planOverlay({ ...at, observed: nothing }), []);
  });
});

describe('OverlayReady', () => {
  function told(overlay: ObservedOverlay, isDone = true): string {
    const { status, reason, message } = overlayCondition('k8s-net', { overlay }, wanted, isDone);
    return `${status} ${reason} ${message}`;
  }

  it('is True where all is there and nothing is known against it', () => {
    assert.equal(told(done()), 'True Connected 1 other vmhost');
    assert.match(told(done(), false), /^False NotSetUp/);
  });

  it('says which vmhost is not reached, that frames do not fit, and that the address is nobody’s', () => {
    const unreachable = [{ address: '10.0.0.2', why: 'no answer' as const }];
    assert.match(
      told(done({ underlay: { mtu: 1500, unreachable } })),
      /^False PeerUnreachable .*at-10\.0\.0\.2 at 10\.0\.0\.2 \(no answer\)/,
    );
    assert.match(told(done({ underlay: { mtu: 1450, unreachable: [] } })), /^False MTUTooLarge .*1450/);
    assert.match(told(done({ underlay: { unreachable: [] } })), /^False AddressMissing .*10\.0\.0\.1/);
  });

  it('is Unknown where nobody tells who the others are, or it cannot be looked at', () => {
    assert.equal(overlayCondition('k8s-net', {}, undefined, true).reason, 'PeersUnknown');
    const unread = overlayCondition('k8s-net', { overlayUnread: 'no bridge(8)' }, wanted, true);
    assert.deepEqual([unread.status, unread.message], ['Unknown', 'no bridge(8)']);
  });
});
