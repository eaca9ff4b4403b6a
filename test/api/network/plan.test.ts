import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { modelNetwork, parseNetwork } from '../../../src/api/libvirt/network.ts';
import { apply, look, master00, master01, node, spec, types, type World } from './bed.ts';

function converged(...args: Parameters<typeof look>): World {
  return apply({}, look(args[0], {}, args[2]));
}

describe('planNetwork', () => {
  it('E16: makes a new network with all reservations and names in one define, its directories before its start', () => {
    const plan = look([master00, master01], {});

    assert.deepEqual(types(plan), ['WriteHostFiles', 'DefineNetwork', 'SetNetworkAutostart', 'StartNetwork']);
    const model = modelNetwork(parseNetwork(converged([master00, master01], {}).config ?? '').root);
    assert.deepEqual(model.hosts, [
      { mac: '52:54:00:5e:53:fb', ip: '192.168.111.150', name: 'master00.k8s-thw.local' },
      { mac: '52:54:00:b5:06:ff', ip: '192.168.111.135', name: 'master01.k8s-thw.local' },
    ]);
    assert.deepEqual(model.dns.hosts, [
      { ip: '192.168.111.150', hostnames: ['master00.k8s-thw.local'] },
      { ip: '192.168.111.135', hostnames: ['master01.k8s-thw.local'] },
    ]);
    assert.deepEqual(model.options, ['dhcp-hostsdir=/dnsmasq/k8s-net-dhcp', 'hostsdir=/dnsmasq/k8s-net-dns']);
  });

  it('E29: plans nothing for a network that is as desired', () => {
    const world = converged([master00, master01], {});

    assert.deepEqual(types(look([master00, master01], world)), []);
  });

  it('adds a Node by one define and the files that dnsmasq reads, with no disruption', () => {
    const world = converged([master00], {});

    const plan = look([master00, master01], world);

    assert.deepEqual(types(plan), ['DefineNetwork', 'WriteHostFiles', 'ReloadDnsmasq']);
    assert.deepEqual(new Set(plan.actions.map(({ disruption }) => disruption)), new Set(['none']));
    const after = apply(world, plan);
    assert.deepEqual(after.hostFiles, {
      reservations: [{ mac: '52:54:00:b5:06:ff', ip: '192.168.111.135', name: 'master01.k8s-thw.local' }],
      names: [{ ip: '192.168.111.135', hostnames: ['master01.k8s-thw.local'] }],
    });
    assert.deepEqual(types(look([master00, master01], after)), []);
  });

  it('E16: gets its entries by its definition while it is off, and is started: nothing is told to a dnsmasq', () => {
    const { config = '' } = converged([master00], {});

    const plan = look([master00, master01], { config });

    assert.deepEqual(types(plan), ['WriteHostFiles', 'DefineNetwork', 'SetNetworkAutostart', 'StartNetwork']);
    const after = apply({ config }, plan);
    assert.equal(modelNetwork(parseNetwork(after.live ?? '').root).hosts.length, 2);
    assert.deepEqual(look([master00, master01], after).actions, []);
  });

  it('E15: has its DNS turned on when somebody turned it off, by a restart, and says so where that is forbidden', () => {
    const world = converged([master00], {});
    const off = (xml = ''): string => xml.replace(/<dns>[^]*<\/dns>/, '<dns enable="no"/>');
    const silent = { ...world, config: off(world.config), live: off(world.live) };

    const plan = look([master00], silent);
    const forbidden = look([master00], silent, { spec: spec({ policy: { restart: 'Never' } }) });

    assert.deepEqual(types(plan), ['DefineNetwork', 'RestartNetwork']);
    assert.match(plan.actions[1]?.reason ?? '', /: dns$/);
    assert.deepEqual(look([master00], apply(silent, plan)).actions, []);
    assert.match(forbidden.waiting?.message ?? '', /policy\.restart Never forbids: dns;/);
    assert.equal(types(forbidden).includes('UpdateNetwork'), false, 'libvirt would refuse it');
  });

  it('empties the files once the live XML carries what they said', () => {
    const before = converged([master00], {});
    const added = apply(before, look([master00, master01], before));
    const restarted = { ...added, live: added.config ?? '' };

    const plan = look([master00, master01], restarted);

    assert.deepEqual(types(plan), ['WriteHostFiles', 'ReloadDnsmasq']);
    assert.deepEqual(apply(restarted, plan).hostFiles, { reservations: [], names: [] });
  });

  it('E25, E28: keeps uuid, bridge MAC, foreign hosts and elements it does not model', () => {
    const world = converged([master00], {});
    const edited = (world.config ?? '')
      .replace(
        '</name>',
        "</name><uuid>231ecaaa-88ab-4c38-b955-c91b1dff203b</uuid><mac address='52:54:00:06:ec:15'/>",
      )
      .replace('</dhcp>', "<host mac='52:54:00:00:00:99' name='foreign' ip='192.168.111.9'/></dhcp>")
      .replace('</network>', "<portgroup name='p'/></network>");

    const after = apply(
      { ...world, config: edited },
      look([master00, master01], { ...world, config: edited }),
    );

    for (const kept of ['231ecaaa-88ab', '52:54:00:06:ec:15', '52:54:00:00:00:99', 'portgroup']) {
      assert.match(after.config ?? '', new RegExp(kept), kept);
    }
  });

  it('E02: repairs an owned field that was edited by hand in the definition, and only there', () => {
    const world = converged([master00], {});
    const edited = { ...world, config: (world.config ?? '').replace('k8s-thw.local', 'other.local') };

    const plan = look([master00], edited);

    assert.deepEqual(types(plan), ['DefineNetwork']);
    assert.equal(plan.waiting, undefined);
  });

  it('touches nothing of a network that carries no mark', () => {
    const foreign =
      "<network><name>k8s-net</name><ip address='192.168.111.1' netmask='255.255.255.0'/></network>";

    const plan = look([master00], { config: foreign });

    assert.deepEqual(types(plan), []);
    assert.equal(plan.waiting?.reason, 'Conflict');
  });

  it('E09: refuses a Node whose address an unmarked entry holds, and leaves that entry', () => {
    const world = converged([master00], {});
    const held = "<host mac='52:54:00:00:00:99' name='foreign' ip='192.168.111.135'/></dhcp>";
    const edited = { ...world, config: (world.config ?? '').replace('</dhcp>', held) };

    const plan = look([master00, master01], edited);

    assert.deepEqual(types(plan), []);
    assert.deepEqual(
      plan.refusals.map(({ node: name }) => name),
      ['master01'],
    );
  });

  it('keeps the entry of a machine that exists though its manifest is gone, and drops it once the machine is gone', () => {
    const world = converged([master00, master01], {});

    assert.deepEqual(types(look([master00], world, { domains: ['master01'] })), []);
    const plan = look([master00], world);
    assert.ok(types(plan).includes('DefineNetwork'));
    assert.doesNotMatch(apply(world, plan).config ?? '', /master01/);
  });

  it('allocates an address left out and keeps it in every later pass', () => {
    const auto = node('auto');
    const world = converged([auto], {});
    const [entry] = parseNetwork(world.config ?? '').model.hosts;

    const later = apply(world, look([node('aaa'), auto], world));

    assert.equal(entry?.ip, '192.168.111.8');
    const entries = parseNetwork(later.config ?? '').model.hosts;
    assert.equal(entries.find(({ mac }) => mac === entry.mac)?.ip, '192.168.111.8');
    assert.equal(new Set(entries.map(({ ip }) => ip)).size, 2);
  });

  it('frees an address that the live XML holds for another MAC before the files may claim it, and says the cost', () => {
    const world = converged([master00, master01], {});
    const swapped = [
      node('master00', { address: '192.168.111.135', mac: '52:54:00:5e:53:fb' }),
      node('master01', { address: '192.168.111.150', mac: '52:54:00:b5:06:ff' }),
    ];

    const guests = [{ domain: 'master00', ours: true, tap: 'vnet0', master: 'virbr1' }];
    const never = { spec: spec({ policy: { restart: 'Never' } }) };

    const plan = look(swapped, { ...world, guests }, never);

    const deletes = plan.actions.filter(({ type }) => type === 'UpdateNetwork');
    assert.deepEqual(deletes.map(({ disruption }) => disruption).sort(), [
      'none',
      'none',
      'uplink',
      'uplink',
    ]);
    const files = plan.actions.findIndex(({ type }) => type === 'WriteHostFiles');
    assert.ok(plan.actions.findLastIndex(({ type }) => type === 'UpdateNetwork') < files);
  });
});
