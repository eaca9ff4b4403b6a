import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { apply, look, master00, master01, node, spec, types, type World } from './bed.ts';

describe('what else is on the vmhost', () => {
  const cases: readonly [
    what: string,
    neighbours: NonNullable<World['neighbours']>,
    reason: string,
    message: RegExp,
  ][] = [
    [
      'E31: a libvirt network that overlaps',
      { networks: [{ name: 'default', bridge: 'virbr0', cidr: '192.168.0.0/16' }] },
      'CIDRConflict',
      /192\.168\.0\.0\/16 of the libvirt network "default"/,
    ],
    [
      'E31: a route of the vmhost that overlaps',
      { routes: [{ dev: 'docker0', cidr: '192.168.111.128/25' }] },
      'CIDRConflict',
      /192\.168\.111\.128\/25, which the vmhost reaches by docker0/,
    ],
    [
      'E30: a libvirt network with the same bridge',
      { networks: [{ name: 'default', bridge: 'virbr1' }] },
      'BridgeConflict',
      /virbr1 belongs to the libvirt network "default"/,
    ],
    ['E30: an interface of that name', { bridgeNameTaken: true }, 'BridgeConflict', /virbr1 is an interface/],
  ];

  for (const [what, neighbours, reason, message] of cases) {
    it(`${what} keeps a new network from being defined`, () => {
      const plan = look([], { neighbours });

      assert.deepEqual([plan.actions, plan.waiting?.reason], [[], reason]);
      assert.match(plan.waiting?.message ?? '', message);
    });
  }

  it('R11: a wider route, such as that of a VPN, keeps nothing from being done', () => {
    const routes = ['0.0.0.0/1', '128.0.0.0/1', '192.168.0.0/16'].map((cidr) => ({ dev: 'tun0', cidr }));

    assert.deepEqual(look([], { neighbours: { routes } }).waiting, undefined);
    assert.ok(types(look([], { neighbours: { routes } })).includes('StartNetwork'));
  });

  it('R11: an equal route does', () => {
    const routes = [{ dev: 'tun0', cidr: '192.168.111.0/24' }];

    assert.equal(look([], { neighbours: { routes } }).waiting?.reason, 'CIDRConflict');
  });

  it('never matters to a network that runs as it shall', () => {
    const running = apply({}, look([], {}));
    const neighbours = {
      networks: [{ name: 'late', cidr: '192.168.0.0/16' }],
      routes: [{ dev: 'virbr1', cidr: '192.168.111.0/24' }],
      bridgeNameTaken: true,
    };

    assert.deepEqual(look([], { ...running, neighbours }), {
      actions: [],
      refusals: [],
      refusedRecords: [],
    });
  });
});

describe('a libvirt network that cannot be read may have any bridge and any addresses', () => {
  const neighbours = {
    unreadable: [{ name: 'lost', why: 'cannot run virsh command "net-dumpxml lost": Permission denied' }],
  };
  const guests = [{ domain: 'master00', ours: true, tap: 'vnet0', master: 'virbr1' }];
  const running = apply({}, look([master00], {}));
  const moves: readonly [what: string, change: Record<string, unknown>][] = [
    ['bridge', { bridge: { name: 'virbr7' } }],
    ['CIDR', { cidr: '192.168.0.0/16' }],
  ];

  it('E30, E31: so a new network waits for it, and says for which one, why, and how to look', () => {
    assert.deepEqual(look([master00], { neighbours }), {
      ...look([master00], running),
      actions: [],
      waiting: {
        reason: 'NetworksUnknown',
        message:
          'whether 192.168.111.0/24 and the bridge virbr1 are free is not known: the libvirt network "lost" cannot be ' +
          'read: cannot run virsh command "net-dumpxml lost": Permission denied; see "virsh net-dumpxml lost"',
      },
    });
  });

  it('but one that is defined is started: libvirt would do so itself with the vmhost', () => {
    const { config = '' } = running;

    for (const options of [
      {},
      { spec: spec({ cidr: '192.168.140.0/24', dhcp: {} }), domains: ['master00'] },
    ]) {
      const plan = look([master00], { config, neighbours }, options);

      assert.ok(types(plan).includes('StartNetwork'));
      assert.notEqual(plan.waiting?.reason, 'NetworksUnknown');
    }
    const other = look([master00], { config, neighbours }, { spec: spec({ bridge: { name: 'virbr7' } }) });
    assert.deepEqual([other.actions, other.waiting?.reason], [[], 'NetworksUnknown']);
  });

  it('counts those beside the first', () => {
    const unreadable = ['a', 'b', 'c'].map((name) => ({ name, why: 'no' }));

    const { message = '' } = look([], { neighbours: { unreadable } }).waiting ?? {};

    assert.match(
      message,
      /: the libvirt network "a" cannot be read \(nor can 2 more\): no; see "virsh net-dumpxml a"$/,
    );
  });

  it('is told after what is known to be in the way', () => {
    const known = { ...neighbours, networks: [{ name: 'default', bridge: 'virbr1' }] };

    assert.equal(look([], { neighbours: known }).waiting?.reason, 'BridgeConflict');
  });

  it('but what a running network needs is done, without a wait', () => {
    const other = { ...running, neighbours, guests };

    assert.deepEqual(look([master00], other), look([master00], { ...running, guests }));
    for (const [nodes, change] of [
      [[master00, master01], {}],
      [[], {}],
      [[master00], { dns: { forwarders: ['192.0.2.1'] } }],
      [[master00], { gateway: '192.168.111.2' }],
    ] as const) {
      const known = look(nodes, { ...running, guests }, { spec: spec(change) });
      assert.notDeepEqual(known.actions, []);
      assert.deepEqual(look(nodes, other, { spec: spec(change) }), known);
    }
  });

  it('nor does it matter to a dnsmasq that died, or to guests that lost their bridge', () => {
    const loose = [{ domain: 'master00', ours: true, tap: 'vnet0' }];
    const hurt = { ...running, guests: loose, dnsmasq: { running: false, unread: false } };

    const plan = look([master00], { ...hurt, neighbours });

    assert.deepEqual(types(plan), ['UpdateNetwork', 'UpdateNetwork', 'AttachTaps']);
    assert.equal(plan.waiting, undefined);
  });

  for (const [what, change] of moves) {
    it(`a running network gets another ${what} only when it is known to be free`, () => {
      const world = { ...running, guests };
      const known = look([master00], world, { spec: spec(change) });

      const plan = look([master00], { ...world, neighbours }, { spec: spec(change) });

      assert.deepEqual(types(known), ['DefineNetwork', 'RestartNetwork']);
      assert.deepEqual([plan.actions, plan.waiting?.reason], [[], 'NetworksUnknown']);
    });
  }

  it('a Node is served by the network as it runs while another bridge waits', () => {
    const asked = { spec: spec({ bridge: { name: 'virbr7' } }) };

    const plan = look([master00, master01], { ...running, guests, neighbours }, asked);

    assert.deepEqual(types(plan), ['WriteHostFiles', 'ReloadDnsmasq']);
    assert.equal(plan.waiting?.reason, 'NetworksUnknown');
  });

  it('no address of another CIDR is written into a dnsmasq that serves the old one', () => {
    const [there, asked] = [node('n'), { spec: spec({ cidr: '192.168.140.0/24', dhcp: {} }) }];
    const world = { ...running, guests };

    assert.ok(types(look([there], world, asked)).includes('RestartNetwork'));
    assert.deepEqual(look([there], { ...world, neighbours }, asked).actions, []);
  });

  it('what was defined before goes on being defined, and waits for policy.restart alone', () => {
    const never = { spec: spec({ bridge: { name: 'virbr7' }, policy: { restart: 'Never' } }) };
    const defined = apply({ ...running, guests }, look([master00], { ...running, guests }, never));

    const plan = look([master00, master01], { ...defined, neighbours }, never);

    assert.deepEqual(types(plan), ['DefineNetwork', 'WriteHostFiles', 'ReloadDnsmasq']);
    assert.equal(plan.waiting?.reason, 'RestartRequired');
  });
});
