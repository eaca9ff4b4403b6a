import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseNetwork } from '../../../src/api/libvirt/network.ts';
import { liveEntries } from '../../../src/api/network/liveness.ts';
import { apply, look, master00, master01, node, types, type World } from './bed.ts';

const ALIASED = node(
  'master00',
  { address: '192.168.111.150', mac: '52:54:00:5e:53:fb' },
  { dnsAliases: ['api', 'k8s'] },
);
const FOREIGN = 'printer.k8s-thw.local';

function converged(...nodes: Parameters<typeof look>[0]): World {
  return apply({}, look(nodes, {}));
}

/** Somebody adds a name to the address of master00, in the definition and in the running network. */
function withForeignName(world: World): World {
  const add = (xml = ''): string =>
    xml.replace('<host ip="192.168.111.150">', `<host ip="192.168.111.150"><hostname>${FOREIGN}</hostname>`);
  return { ...world, config: add(world.config), live: add(world.live) };
}

/** All names that the running dnsmasq answers for an address. */
function answers(world: World, ip: string): string[] {
  const live = parseNetwork(world.live ?? '').model.dns.hosts;
  const hosts = [...live, ...(world.hostFiles?.names ?? [])].filter((host) => host.ip === ip);
  return hosts.flatMap(({ hostnames }) => hostnames).sort();
}

/** One pass, after which nothing may be left to do. */
function settle(nodes: Parameters<typeof look>[0], world: World): World {
  const after = apply(world, look(nodes, world));
  assert.deepEqual(look(nodes, after).actions, []);
  return after;
}

describe('a running network', () => {
  it('E12: keeps the other names of an address when one is taken out, in the definition and live', () => {
    const fewer = node(
      'master00',
      { address: '192.168.111.150', mac: '52:54:00:5e:53:fb' },
      { dnsAliases: ['k8s'] },
    );

    const after = settle([fewer], converged(ALIASED));

    const names = ['k8s.k8s-thw.local', 'master00.k8s-thw.local'];
    assert.deepEqual(answers(after, '192.168.111.150'), names);
    assert.deepEqual(parseNetwork(after.config ?? '').model.dns.hosts, [
      { ip: '192.168.111.150', hostnames: ['master00.k8s-thw.local', 'k8s.k8s-thw.local'] },
    ]);
  });

  it('keeps a name that others gave to an address of ours, whatever becomes of ours', () => {
    const world = withForeignName(converged(ALIASED, master01));
    const moved = node('master00', { address: '192.168.111.151', mac: '52:54:00:5e:53:fb' });

    const renamed = settle([master00, master01], world);
    const after = settle([moved, master01], renamed);
    const gone = settle([master01], after);

    assert.deepEqual(answers(renamed, '192.168.111.150'), ['master00.k8s-thw.local', FOREIGN]);
    assert.deepEqual(answers(after, '192.168.111.150'), [FOREIGN]);
    assert.deepEqual(answers(after, '192.168.111.151'), ['master00.k8s-thw.local']);
    assert.deepEqual(answers(gone, '192.168.111.150'), [FOREIGN]);
    assert.match(gone.config ?? '', new RegExp(FOREIGN));
  });

  it('gets a new address of a Node without a net-update of its reservation: the file wins over the live XML', () => {
    const world = converged(master00);
    const moved = node('master00', { address: '192.168.111.151', mac: '52:54:00:5e:53:fb' });

    const plan = look([moved], world);

    assert.deepEqual(types(plan), ['DefineNetwork', 'UpdateNetwork', 'WriteHostFiles', 'ReloadDnsmasq']);
    assert.deepEqual(new Set(plan.actions.map(({ disruption }) => disruption)), new Set(['none']));
    assert.match(JSON.stringify(plan.actions[1]), /"command":"delete","section":"dns-host"/);
  });

  it('never answers a name with two addresses, and never reserves one address twice, after any change', () => {
    const worlds = [
      [master00, master01],
      [ALIASED],
      [
        node('master00', { address: '192.168.111.135', mac: '52:54:00:5e:53:fb' }),
        node('master01', { address: '192.168.111.150', mac: '52:54:00:b5:06:ff' }),
      ],
      [node('master00', { address: '192.168.111.150', mac: '52:54:00:00:00:01' }), node('auto')],
      [],
      [master01],
    ];

    let world = converged();
    for (const nodes of worlds) {
      world = settle(nodes, world);
      const { model } = parseNetwork(world.live ?? '');
      const names = [...model.dns.hosts, ...(world.hostFiles?.names ?? [])].flatMap(
        ({ hostnames }) => hostnames,
      );
      assert.equal(new Set(names).size, names.length, names.join(' '));
      const files = world.hostFiles?.reservations ?? [];
      const inXml = model.hosts.filter(({ mac }) => !files.some((reservation) => reservation.mac === mac));
      const wanted = [...files, ...inXml].map(({ ip }) => ip);
      assert.equal(new Set(wanted).size, wanted.length, wanted.join(' '));
    }
  });

  it('E02: gets what one side lacks on that side only', () => {
    const world = converged(master00, master01);
    const without = (xml = ''): string =>
      xml.replaceAll(/<host [^>]*ip="192\.168\.111\.135"(\/>|>[^]*?<\/host>)/g, '');
    const noFiles = /<dnsmasq:option value="(dhcp-)?hostsdir=[^"]*"\/>/g;
    const deaf = without(world.live).replaceAll(noFiles, '');

    const config = look([master00, master01], { ...world, config: without(world.config) });
    const live = look([master00, master01], { ...world, live: without(world.live) });
    const byUpdate = look([master00, master01], { ...world, live: deaf });

    assert.deepEqual(types(config), ['DefineNetwork']);
    assert.deepEqual(types(live), ['WriteHostFiles', 'ReloadDnsmasq']);
    assert.deepEqual(types(byUpdate), ['UpdateNetwork', 'UpdateNetwork']);
    assert.doesNotMatch(JSON.stringify(byUpdate), /"command":"delete"/);
  });

  it('E07: loses a reservation by what libvirt says of it: without a name where it has none', () => {
    const world = converged(master00);
    const nameless = (world.live ?? '').replace(/ name="master00[^"]*"/, '');
    const moved = node('master00', { address: '192.168.111.151', mac: '52:54:00:5e:53:fb' });
    const heir = node('heir', { address: '192.168.111.150', mac: '52:54:00:b5:06:ff' });

    const plan = look([moved, heir], { ...world, live: nameless });

    const removal = plan.actions.find(
      (action) => action.type === 'UpdateNetwork' && action.section === 'ip-dhcp-host',
    );
    assert.ok(removal?.type === 'UpdateNetwork');
    assert.deepEqual(
      [removal.command, removal.xml.trim()],
      ['delete', '<host mac="52:54:00:5e:53:fb" ip="192.168.111.150"/>'],
    );
  });

  it('E18: has net-update told which <ip> a reservation is in, where there is one of another family', () => {
    const world = converged(master00);
    const v6 =
      '<ip family="ipv6" address="fd00::1" prefix="64"><dhcp><host id="0:1" ip="fd00::9"/></dhcp></ip>';
    const dual = (xml = ''): string => xml.replace('<ip ', `${v6}<ip `);
    const moved = node('master00', { address: '192.168.111.151', mac: '52:54:00:5e:53:fb' });
    const heir = node('heir', { address: '192.168.111.150', mac: '52:54:00:b5:06:ff' });
    const updates = (at: World): unknown[] =>
      look([moved, heir], at).actions.flatMap((action) =>
        action.type === 'UpdateNetwork' && action.section === 'ip-dhcp-host' ? [action.parentIndex] : [],
      );

    assert.deepEqual(updates({ ...world, config: dual(world.config), live: dual(world.live) }), [1]);
    assert.deepEqual(updates(world), [undefined]);
  });

  it('is told to forget a reservation that the files no longer have', () => {
    const before = converged(master00);
    const added = settle([master00, master01], before);

    const plan = look([master00], added);

    assert.deepEqual(types(plan), ['DefineNetwork', 'WriteHostFiles', 'ReloadDnsmasq']);
  });

  it('keeps entries that were never ours, live and in the definition', () => {
    const world = converged(master00);
    const add = (xml = ''): string =>
      xml
        .replace('</dhcp>', '<host mac="52:54:00:00:00:99" ip="192.168.111.9"/></dhcp>')
        .replace('</dns>', `<host ip="192.168.111.9"><hostname>${FOREIGN}</hostname></host></dns>`);

    const after = settle([master01], { ...world, config: add(world.config), live: add(world.live) });

    for (const xml of [after.config ?? '', after.live ?? '']) {
      const { model } = parseNetwork(xml);
      assert.ok(model.hosts.some(({ ip }) => ip === '192.168.111.9'));
      assert.ok(model.dns.hosts.some(({ hostnames }) => hostnames.includes(FOREIGN)));
    }
  });
});

describe('a foreign reservation in the running network only', () => {
  it('R18: is a Conflict for a new Node with its address', () => {
    const world = converged();
    const held = '<host mac="52:54:00:00:00:99" ip="192.168.111.150"/>';
    const before = { ...world, live: (world.live ?? '').replace('</dhcp>', `${held}</dhcp>`) };

    const { actions, refusals } = look([master00], before);

    assert.deepEqual(actions, []);
    assert.match(refusals[0]?.message ?? '', /reserves 192\.168\.111\.150 for 52:.*:99 until it restarts/);
  });

  it('R18: is passed over in allocation', () => {
    const world = converged();
    const held = '<host mac="52:54:00:00:00:99" ip="192.168.111.8"/>';
    const before = { ...world, live: (world.live ?? '').replace('</dhcp>', `${held}</dhcp>`) };

    const after = settle([node('any')], before);

    assert.equal(parseNetwork(after.config ?? '').model.mark?.entries[0]?.ip, '192.168.111.9');
  });

  it('is not taken out, and keeps the entry of its address from counting as live', () => {
    const world = converged(master00);
    const held = '<host mac="52:54:00:00:00:99" ip="192.168.111.150"/>';
    const before = { ...world, live: (world.live ?? '').replace('</dhcp>', `${held}</dhcp>`) };

    const after = settle([master00], before);

    assert.match(after.live ?? '', /52:54:00:00:00:99/);
    const [entry] = parseNetwork(after.config ?? '').model.mark?.entries ?? [];
    assert.ok(entry);
    const hostFiles = after.hostFiles ?? { reservations: [], names: [] };
    const observed = { live: parseNetwork(after.live ?? ''), hostFiles };
    assert.equal(liveEntries(observed)(entry), false);
    assert.equal(liveEntries({ ...observed, live: parseNetwork(world.live ?? '') })(entry), true);
  });
});

describe('an entry', () => {
  const [entry] = parseNetwork(converged(master00).config ?? '').model.mark?.entries ?? [];
  const { live } = converged(master00);
  const other = parseNetwork(converged(master01).live ?? '');
  const files = {
    reservations: [{ mac: '52:54:00:5e:53:fb', ip: '192.168.111.150', name: 'master00.k8s-thw.local' }],
    names: [{ ip: '192.168.111.150', hostnames: ['master00.k8s-thw.local'] }],
  };
  const none = { reservations: [], names: [] };
  const cases = [
    ['the live XML has both parts', { live: parseNetwork(live ?? ''), active: true, hostFiles: none }, true],
    ['the files have both parts', { live: other, active: true, hostFiles: files }, true],
    ['the name is missing', { live: other, active: true, hostFiles: { ...files, names: [] } }, false],
    [
      'the reservation is missing',
      { live: other, active: true, hostFiles: { ...files, reservations: [] } },
      false,
    ],
    ['the network is off', { active: false, hostFiles: files }, false],
  ] as const;

  for (const [when, observed, expected] of cases) {
    it(`is ${expected ? '' : 'not '}live when ${when}`, () => {
      assert.ok(entry);
      assert.equal(liveEntries(observed)(entry), expected);
    });
  }

  it('is not live while its reservation has another name', () => {
    assert.ok(entry);
    const names = [{ ip: entry.ip, hostnames: ['renamed.k8s-thw.local'] }];
    const observed = {
      live: parseNetwork(live ?? ''),
      active: true,
      autostart: true,
      hostFiles: { ...none, names },
    };

    assert.equal(liveEntries(observed)({ ...entry, hostnames: ['renamed.k8s-thw.local'] }), false);
  });

  it('is not live with another address or an alias missing', () => {
    assert.ok(entry);
    const observed = { live: parseNetwork(live ?? ''), active: true, autostart: true, hostFiles: none };

    assert.equal(liveEntries(observed)({ ...entry, ip: '192.168.111.151' }), false);
    assert.equal(
      liveEntries(observed)({ ...entry, hostnames: [...entry.hostnames, 'api.k8s-thw.local'] }),
      false,
    );
  });
});
