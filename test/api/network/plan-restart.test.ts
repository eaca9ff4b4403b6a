import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NetworkAction } from '../../../src/api/network/actions.ts';
import type { NetworkGuest } from '../../../src/api/network/observed.ts';
import { parkingBridge } from '../../../src/api/ipam/names.ts';
import { parseNetwork } from '../../../src/api/libvirt/network.ts';
import { apply, look, master00, master01, node, spec, types, type World } from './bed.ts';

const GUESTS: readonly NetworkGuest[] = [
  { domain: 'master00', ours: true, tap: 'vnet0', master: 'virbr1' },
  { domain: 'master01', ours: true, tap: 'vnet1', master: 'virbr1' },
  { domain: 'stranger', ours: false, tap: 'vnet2', master: 'virbr1' },
];
const OTHER_DOMAIN = { domain: 'other.local' };

function busy(...nodes: Parameters<typeof look>[0]): World {
  return { ...apply({}, look(nodes, {})), guests: GUESTS };
}

/** As a network is whose dnsmasq does not read our directories: made by hand and taken over. */
function deaf(world: World): World {
  return { ...world, live: (world.live ?? '').replace(/<dnsmasq:options>[^]*<\/dnsmasq:options>/, '') };
}

function restartOf({
  actions,
}: {
  actions: readonly NetworkAction[];
}): Extract<NetworkAction, { type: 'RestartNetwork' }> {
  const found = actions.find((action) => action.type === 'RestartNetwork');
  assert.ok(found, types({ actions }).join(' '));
  return found;
}

const NOTHING = { actions: [], refusals: [], refusedRecords: [] };

describe('a restart of the network is asked for', () => {
  const changes: readonly [field: string, change: Record<string, unknown>][] = [
    ['domain', { domain: 'other.local' }],
    ['dns.localOnly', { dns: { localOnly: false } }],
    ['cidr', { cidr: '192.168.0.0/16' }],
    ['cidr', { gateway: '192.168.111.2' }],
    ['bridge.name', { bridge: { name: 'virbr7' } }],
    ['bridge.stp', { bridge: { name: 'virbr1', stp: false } }],
    ['bridge.delaySeconds', { bridge: { name: 'virbr1', delaySeconds: 2 } }],
    ['forward.mode', { forward: { mode: 'route' } }],
    ['forward.mode', { forward: { mode: 'isolated' } }],
    ['forward.dev', { forward: { dev: 'eth0' } }],
    ['forward.natPorts', { forward: { natPorts: { start: 2000, end: 3000 } } }],
    ['mtu', { mtu: 1400 }],
    ['dns.forwarders', { dns: { forwarders: ['192.0.2.1'] } }],
    ['dns.dnsmasqOptions', { dns: { dnsmasqOptions: ['cache-size=1000'] } }],
    ['dhcp', { dhcp: { start: '192.168.111.9', end: '192.168.111.254' } }],
    ['dhcp', { dhcp: { start: '192.168.111.8', end: '192.168.111.254', leaseSeconds: 600 } }],
  ];

  for (const [field, change] of changes) {
    it(`when ${JSON.stringify(change)} is set, and again when it is taken back`, () => {
      const plain = spec();
      const changed = spec(change);
      const world = apply({}, look([], {}, { spec: plain }));

      const there = look([], world, { spec: changed });
      const restarted = apply({}, look([], {}, { spec: changed }));
      const back = look([], restarted, { spec: plain });

      for (const plan of [there, back]) {
        assert.deepEqual(types(plan), ['DefineNetwork', 'RestartNetwork']);
        const reason = plan.actions[1]?.reason ?? '';
        assert.ok(reason.split(/[:,] /).includes(field), reason);
        const changed = plan.actions[1]?.changes?.find((each) => each.field === field);
        assert.ok(
          changed !== undefined && changed.from !== changed.to,
          JSON.stringify(plan.actions[1]?.changes),
        );
      }
      assert.deepEqual(look([], restarted, { spec: changed }), NOTHING);
      assert.deepEqual(look([], apply(world, there), { spec: changed }), NOTHING);
    });
  }

  it('when the bridge gets a MAC address, which it keeps when the manifest gives none any more', () => {
    const withMac = spec({ bridge: { name: 'virbr1', mac: '52:54:00:06:EC:15' } });

    const there = look([], apply({}, look([], {})), { spec: withMac });
    const back = look([], apply({}, look([], {}, { spec: withMac })));

    assert.match(there.actions[1]?.reason ?? '', /bridge\.mac/);
    // Only what the manifest asked for before is no longer said to be asked for.
    assert.deepEqual(types(back), ['DefineNetwork']);
  });

  it('not for what libvirt only fills in: ports of NAT, and a MAC address of the bridge', () => {
    const world = apply({}, look([master00], {}));
    const withMac = (xml = ''): string => xml.replace('<bridge', '<mac address="52:54:00:06:ec:15"/><bridge');
    const withPorts = withMac(world.live).replace(
      '<forward mode="nat"/>',
      '<forward mode="nat"><nat><port start="1024" end="65535"/></nat></forward>',
    );

    const plan = look([master00], { ...world, config: withMac(world.config), live: withPorts });

    assert.match(withPorts, /1024/);
    assert.deepEqual(plan, NOTHING);
  });
});

describe('a restart of the network', () => {
  it('E23: costs its guests the outside for a moment, parks all that is plugged in, and names them', () => {
    const plan = look([master00, master01], busy(master00, master01), { spec: spec(OTHER_DOMAIN) });

    const { disruption, seconds, guests, attachment, reboot } = restartOf(plan);
    assert.deepEqual([disruption, seconds], ['uplink', 0.6]);
    assert.deepEqual(guests, ['master00', 'master01', 'stranger']);
    assert.deepEqual(attachment, {
      bridge: 'virbr1',
      ports: ['vnet0', 'vnet1', 'vnet2'],
      stp: true,
      parking: parkingBridge('k8s-net'),
    });
    assert.deepEqual(reboot, []);
  });

  it('costs nothing where no guest runs', () => {
    const { disruption, seconds, guests } = restartOf(
      look([], apply({}, look([], {})), { spec: spec(OTHER_DOMAIN) }),
    );

    assert.deepEqual([disruption, seconds, guests], ['none', undefined, undefined]);
  });

  it('E23: is never made under policy Never: the condition names the fields and the guests', () => {
    const never = spec({ ...OTHER_DOMAIN, policy: { restart: 'Never' } });

    const plan = look([master00], busy(master00), { spec: never });

    assert.deepEqual(types(plan), ['DefineNetwork', 'UpdateNetwork', 'WriteHostFiles', 'ReloadDnsmasq']);
    assert.equal(plan.waiting?.reason, 'RestartRequired');
    assert.match(plan.waiting.message, /: domain; running on it: master00, master01, stranger$/);
  });

  it('reboots the guests of ours afterwards under policy RestartGuests, and no others', () => {
    const plan = look([], busy(), { spec: spec({ ...OTHER_DOMAIN, policy: { restart: 'RestartGuests' } }) });

    const { disruption, reboot } = restartOf(plan);
    assert.deepEqual([disruption, reboot], ['restart', ['master00', 'master01']]);
  });

  it('E32: that failed is not tried again, nor its definition written, until something of it changes', () => {
    const changed = spec(OTHER_DOMAIN);
    const world = busy(master00);
    const { signature } = restartOf(look([master00], world, { spec: changed }));
    const failed = { ...world, failedRestart: { signature, message: 'port 53 is taken' } };

    const again = look([master00], failed, { spec: changed });
    const withNode = look([master00, node('b')], failed, { spec: changed });
    const mended = look([master00], failed, { spec: spec({ domain: 'third.local' }) });

    assert.deepEqual(again.waiting, { reason: 'RestartFailed', message: 'port 53 is taken' });
    assert.ok(![...again.actions, ...withNode.actions].some(({ type }) => /Restart|Define/.test(type)));
    assert.ok(types(withNode).includes('WriteHostFiles'), 'what runs goes on following the Nodes');
    assert.notEqual(restartOf(mended).signature, signature);
  });

  it('E32: carries the definition of what runs, with our mark, to come back if the network does not start', () => {
    const { rollback } = restartOf(look([master00], busy(master00), { spec: spec(OTHER_DOMAIN) }));

    const { domain, hosts, mark } = parseNetwork(rollback ?? '').model;
    assert.equal(domain?.name, 'k8s-thw.local');
    assert.equal(hosts.length, 1);
    assert.equal(mark?.kind, 'Network');
  });

  it('is taken instead of two updates of reservations that are due together, but not of one', () => {
    const world = busy(master00, master01);
    const swapped = [
      node('master00', { address: '192.168.111.135', mac: '52:54:00:5e:53:fb' }),
      node('master01', { address: '192.168.111.150', mac: '52:54:00:b5:06:ff' }),
    ];
    const taken = [
      node('master00', { address: '192.168.111.160', mac: '52:54:00:5e:53:fb' }),
      node('master01', { address: '192.168.111.150', mac: '52:54:00:b5:06:ff' }),
    ];

    assert.deepEqual(types(look(swapped, world)), ['DefineNetwork', 'RestartNetwork']);
    const one = look(taken, world);
    assert.ok(!types(one).includes('RestartNetwork'));
    assert.deepEqual(
      one.actions.filter(({ disruption }) => disruption === 'uplink').map(({ seconds }) => seconds),
      [0.35],
    );
  });

  it('E06: swaps two addresses so that at no moment two machines have one', () => {
    const swapped = [
      node('master00', { address: '192.168.111.135', mac: '52:54:00:5e:53:fb' }),
      node('master01', { address: '192.168.111.150', mac: '52:54:00:b5:06:ff' }),
    ];
    for (const restart of ['ReattachGuests', 'Never']) {
      const options = { spec: spec({ policy: { restart } }) };
      const world = { ...apply({}, look([master00, master01], {}, options)), guests: GUESTS };

      const after = apply(world, look(swapped, world, options));
      const settled = apply(after, look(swapped, after, options));

      assert.deepEqual(look(swapped, settled, options).actions, [], restart);
      const live = parseNetwork(settled.live ?? '').model.hosts;
      const all = [...(settled.hostFiles?.reservations ?? []), ...live];
      assert.deepEqual(
        all.map(({ mac, ip }) => `${mac ?? ''} ${ip}`).sort(),
        ['52:54:00:5e:53:fb 192.168.111.135', '52:54:00:b5:06:ff 192.168.111.150'],
        restart,
      );
    }
  });
});

describe('a running network whose dnsmasq reads no files of ours', () => {
  it('E01: gets one more machine by one net-update, live', () => {
    const plan = look([master00, master01], deaf(busy(master00)));

    const updates = plan.actions.filter((action) => action.type === 'UpdateNetwork');
    assert.deepEqual(
      updates.map(({ command, section, disruption }) => [command, section, disruption]),
      [
        ['add', 'dns-host', 'none'],
        ['add', 'ip-dhcp-host', 'uplink'],
      ],
    );
    assert.deepEqual(
      types(plan).filter((type) => type !== 'UpdateNetwork'),
      ['DefineNetwork'],
    );
  });

  it('E18: gets a reservation into the <ip> of its family, where there are several', () => {
    const world = deaf(busy(master00));
    const v6 = '<ip family="ipv6" address="fd00::1" prefix="64"><dhcp/></ip>';
    const dual = { ...world, live: (world.live ?? '').replace(/<ip /, `${v6}<ip `) };

    const updates = look([master00, master01], dual).actions.filter(({ type }) => type === 'UpdateNetwork');

    assert.deepEqual(
      updates.map((action) => (action as { parentIndex?: number }).parentIndex),
      [1, 1],
    );
  });

  it('is left alone as long as nothing is due: the directories come with the next restart', () => {
    assert.deepEqual(look([master00], deaf(busy(master00))), NOTHING);
  });

  it('is restarted for two more machines, which brings the directories along', () => {
    const nodes = [master00, master01, node('b')];

    const world = deaf(busy(master00));
    const plan = look(nodes, world);

    assert.deepEqual(types(plan), ['DefineNetwork', 'RestartNetwork']);
    assert.match(apply(world, plan).live ?? '', /hostsdir/);
  });

  it('E14: has a changed DNS record deleted and added, and the old one added again if that fails', () => {
    const aliased = node(
      'master00',
      { address: '192.168.111.150', mac: '52:54:00:5e:53:fb' },
      { dnsAliases: ['api'] },
    );

    const plan = look([aliased], deaf(busy(master00)));

    const updates = plan.actions.filter((action) => action.type === 'UpdateNetwork');
    assert.deepEqual(
      updates.map(({ command, section }) => [command, section]),
      [
        ['delete', 'dns-host'],
        ['add', 'dns-host'],
      ],
    );
    assert.match(updates[1]?.restore ?? '', /<hostname>master00\.k8s-thw\.local<\/hostname>/);
    assert.doesNotMatch(updates[1]?.restore ?? '', /api/);
  });

  it('converges, whatever moves', () => {
    const moved = node('master00', { address: '192.168.111.160', mac: '52:54:00:5e:53:fb' });
    const world = deaf(busy(master00));

    const after = apply(world, look([moved], world));

    assert.deepEqual(look([moved], after).actions, []);
    const { hosts, dns } = parseNetwork(after.live ?? '').model;
    assert.deepEqual(
      [hosts.map(({ ip }) => ip), dns.hosts.map(({ ip }) => ip)],
      [['192.168.111.160'], ['192.168.111.160']],
    );
  });
});

describe('the taps of running guests', () => {
  const without = GUESTS.map(({ domain, ours, tap }) => ({ domain, ours, tap }));

  it('E24: are plugged in again when somebody restarted the network', () => {
    const plan = look([], { ...busy(), guests: without });

    assert.deepEqual(types(plan), ['AttachTaps']);
    assert.deepEqual(look([], apply({ ...busy(), guests: without }, plan)).actions, []);
  });

  it('are plugged into the bridge that there is, while the network shall have another one', () => {
    for (const restart of ['Never', 'ReattachGuests'] as const) {
      const options = { spec: spec({ bridge: { name: 'virbr9' }, policy: { restart } }) };

      const { actions } = look([], { ...busy(), guests: without }, options);

      const attach = actions.find(({ type }) => type === 'AttachTaps');
      assert.ok(attach?.type === 'AttachTaps', restart);
      assert.equal(attach.attachment.bridge, 'virbr1', restart);
    }
  });

  it('are left where they are when they are plugged into something else', () => {
    const elsewhere = GUESTS.map((guest) => ({ ...guest, master: 'br0' }));

    assert.deepEqual(look([], { ...busy(), guests: elsewhere }).actions, []);
  });

  it('E99: are brought back by the next daemon when one died in the middle of a restart', () => {
    const parked = GUESTS.map(({ domain, ours, tap }) => ({ domain, ours, tap }));
    const world = { ...busy(), guests: parked, parked: ['vnet0', 'vnet1', 'vnet2'] };
    delete (world as World).live;

    const start = look([], world);
    const started = apply(world, start);
    const attach = look([], started);

    assert.ok(types(start).includes('StartNetwork'));
    assert.deepEqual(types(attach), ['AttachTaps']);
    assert.deepEqual(look([], apply(started, attach)).actions, []);
  });
});

describe('policy.drift Report', () => {
  const report = spec({ policy: { drift: 'Report' } });

  it('leaves alone what others changed, and says what', () => {
    const world = { ...apply({}, look([master00], {}, { spec: report })), autostart: false };
    const edited = { ...world, config: (world.config ?? '').replace('name="virbr1"', 'name="virbr9"') };

    const plan = look([master00], edited, { spec: report });

    assert.deepEqual(plan.actions, []);
    assert.equal(plan.waiting?.reason, 'Drifted');
    assert.match(plan.waiting.message, /autostart is off/);
  });

  it('does what the manifests newly ask for', () => {
    const world = apply({}, look([master00], {}, { spec: report }));

    assert.ok(types(look([master00, master01], world, { spec: report })).includes('DefineNetwork'));
  });
});
