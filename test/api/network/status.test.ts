import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseNetwork } from '../../../src/api/libvirt/network.ts';
import type { Plan } from '../../../src/api/disruption/action.ts';
import type { NetworkAction } from '../../../src/api/network/actions.ts';
import type { ObservedNetwork } from '../../../src/api/network/observed.ts';
import { networkConditions } from '../../../src/api/network/status.ts';
import { fixture } from '../libvirt/fixtures.ts';

const LIVE = parseNetwork(fixture('network-live'));

function observedWith(more: Partial<ObservedNetwork>): ObservedNetwork {
  return {
    active: true,
    persistent: true,
    autostart: true,
    hostFiles: { reservations: [], names: [] },
    guests: [],
    ports: [],
    filtersFrames: false,
    neighbours: { networks: [], unreadable: [], routes: [], bridgeNameTaken: true },
    config: LIVE,
    live: LIVE,
    ...more,
  };
}

function conditions(
  more: Partial<ObservedNetwork> = {},
  plan: Plan<NetworkAction> = { actions: [] },
): Map<string, string> {
  const found = networkConditions(observedWith(more), plan, {
    entries: [],
    refusals: [],
    refusedRecords: [],
  });
  return new Map(found.map(({ type, status, reason, message }) => [type, `${status} ${reason} ${message}`]));
}

describe('the conditions of a network', () => {
  it('E08: name machines whose reservations clash, since dnsmasq drops the second without a word', () => {
    const twice = fixture('network-live').replace(
      '</dhcp>',
      "<host mac='52:54:00:00:00:01' name='one' ip='192.168.111.7'/><host mac='52:54:00:00:00:02' name='two' ip='192.168.111.7'/></dhcp>",
    );

    assert.equal(
      conditions({ live: parseNetwork(twice) }).get('DuplicateEntries'),
      'True Duplicates 192.168.111.7 is reserved 2 times, for one, two',
    );
    assert.equal(conditions().has('DuplicateEntries'), false);
  });

  it('name the guests that are not plugged in', () => {
    const guests = [
      { domain: 'a', ours: true, tap: 'vnet0', master: LIVE.model.bridge?.name ?? '' },
      { domain: 'b', ours: true, tap: 'vnet1' },
    ];

    assert.match(conditions({ guests }).get('GuestsAttached') ?? '', /^False NotAttached .*: b \(vnet1\)$/);
    assert.match(conditions({ guests: guests.slice(0, 1) }).get('GuestsAttached') ?? '', /^True /);
  });

  it('say that it works but is not as it shall be, when a restart failed', () => {
    const waiting = { reason: 'RestartFailed', message: 'port 53 is taken' } as const;

    const found = conditions({}, { actions: [], waiting });

    assert.match(found.get('Ready') ?? '', /^True /);
    assert.equal(found.get('Synced'), 'False RestartFailed port 53 is taken');
    assert.equal(found.get('RestartFailed'), 'True RestartFailed port 53 is taken');
  });

  it('E36: say that a firewall keeps guests from the outside, and why', () => {
    const healthy = { forwardPolicy: 'ACCEPT', accepted: [], masqueraded: ['192.168.111.0/24'] };
    const bridge = LIVE.model.bridge?.name ?? '';
    const cases: readonly [firewall: ObservedNetwork['firewall'], expected: RegExp][] = [
      [healthy, /^True Forwarded/],
      [{ ...healthy, forwardPolicy: 'DROP' }, /^False ForwardDropped .*DROP \(Docker sets it\)/],
      [{ ...healthy, forwardPolicy: 'DROP', accepted: [bridge] }, /^True Forwarded/],
      [{ ...healthy, masqueraded: ['192.168.112.0/24'] }, /^False NotMasqueraded .*192\.168\.111\.0\/24/],
    ];

    for (const [firewall, expected] of cases) {
      const found = conditions(firewall === undefined ? {} : { firewall });
      assert.match(found.get('Forwarding') ?? '', expected);
    }
    assert.equal(conditions().has('Forwarding'), false, 'nothing is known, nothing is said');
  });

  it('E33: say that dnsmasq and the resolver of the vmhost ask each other', () => {
    const gateway = LIVE.model.ip?.address ?? '';
    const resolvConf = `search lab\nnameserver 192.0.2.1\nnameserver ${gateway}\n`;
    const open = fixture('network-live').replace("localOnly='yes'", "localOnly='no'");
    const forwarding = open.replace('<dns>', "<dns><forwarder addr='192.0.2.1'/>");

    const loop = (xml: string, text: string): string | undefined =>
      conditions({ live: parseNetwork(xml), resolvConf: text }).get('ResolverLoop');

    assert.match(loop(open, resolvConf) ?? '', new RegExp(`^True AsksItself .*${gateway}`));
    assert.equal(loop(fixture('network-live'), resolvConf), undefined, 'dns.localOnly');
    assert.equal(loop(forwarding, resolvConf), undefined, 'dns.forwarders');
    assert.equal(loop(open, `# nameserver ${gateway}\nnameserver 192.0.2.1\n`), undefined);
  });

  it('say that guests feel the firewall where frames pass through it', () => {
    assert.match(conditions({ filtersFrames: true }).get('BridgeNetfilter') ?? '', /^True Enabled /);
    assert.equal(conditions().has('BridgeNetfilter'), false);
  });

  it('C3: say that dnsmasq does not run, and that the network is not Ready meanwhile', () => {
    const dead = conditions({ dnsmasq: { running: false, unread: false } });
    const alive = conditions({ dnsmasq: { running: true, unread: false } });

    assert.match(dead.get('DnsmasqRunning') ?? '', /^False NotRunning/);
    assert.match(dead.get('Ready') ?? '', /^False NotServed/);
    assert.match(alive.get('DnsmasqRunning') ?? '', /^True/);
    assert.match(alive.get('Ready') ?? '', /^True/);
  });

  it('U8: say that the interface by which traffic is to leave is not there', () => {
    const firewall = { forwardPolicy: 'ACCEPT', accepted: [], masqueraded: ['192.168.111.0/24'] };
    const neighbours = { networks: [], unreadable: [], routes: [], bridgeNameTaken: true };

    const missing = conditions({ firewall, neighbours: { ...neighbours, uplinkMissing: true } });
    assert.match(missing.get('Forwarding') ?? '', /^False InterfaceMissing/);
    assert.match(conditions({ firewall, neighbours }).get('Forwarding') ?? '', /^True/);
  });

  it('R6: name the records that foreign ones keep from being written', () => {
    const granted = { entries: [], refusals: [], refusedRecords: ['api has another address'] };
    const found = networkConditions(observedWith({}), { actions: [] }, granted);

    assert.equal(found.find(({ type }) => type === 'RecordsRefused')?.message, 'api has another address');
  });
});
