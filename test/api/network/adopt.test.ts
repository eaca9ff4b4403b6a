import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { namedFields, namedIn, type Named } from '../../../src/api/ownership/named.ts';
import { networkSpec, type NetworkSpec } from '../../../src/api/network/spec.ts';
import { parseNetwork } from '../../../src/api/libvirt/network.ts';
import type { NodeManifest } from '../../../src/api/network/claims.ts';
import { apply, look, node, types, type Pass, type World } from './bed.ts';
import { DUPLICATES, MACHINES, tutorialNetwork } from '../adopt/tutorial.ts';

const NODES = MACHINES.map(({ name, mac, ip }) => node(name, { mac, address: ip }));
const CIDR = { cidr: '192.168.111.0/24' };

function manifest(raw: Record<string, unknown>): { spec: NetworkSpec; named: Named } {
  const given = { policy: { adopt: true }, ...raw };
  return { spec: networkSpec.parse(given), named: namedIn({ named: namedFields(given) }) };
}

function running(xml: string): World {
  return { config: xml, live: xml, autostart: false };
}

/** A look at a network of others by a manifest that names no more than this. */
function adopt(
  world: World,
  raw: Record<string, unknown> = {},
  nodes: readonly NodeManifest[] = NODES,
): Pass {
  return look(nodes, world, manifest({ ...CIDR, ...raw }));
}

function configOf(world: World): ReturnType<typeof parseNetwork>['model'] {
  return parseNetwork(world.config ?? '').model;
}

describe('a network that others made', () => {
  it('is a conflict and stays untouched without adopt, and the message says how to adopt it', () => {
    const { actions, waiting } = look(NODES, running(tutorialNetwork()), { spec: networkSpec.parse(CIDR) });

    assert.deepEqual(actions, []);
    assert.equal(waiting?.reason, 'Conflict');
    assert.match(waiting.message, /k8slab adopt network\/k8s-net/);
  });

  it('plans nothing while it is as its manifest names it', () => {
    const { actions, waiting, refusals } = adopt(running(tutorialNetwork()));

    assert.deepEqual({ actions, waiting, refusals }, { actions: [], waiting: undefined, refusals: [] });
  });

  it('keeps whatever its manifest does not name: no default is imposed on it', () => {
    const own = tutorialNetwork()
      .replace("stp='on' delay='0'", "stp='off' delay='7'")
      .replace("<forward dev='eth0' mode='nat'>", "<forward dev='eth0' mode='route'>")
      .replace("<range start='192.168.111.8' end='192.168.111.254'/>", '')
      .replace(
        "<ip address='192.168.111.1' netmask='255.255.255.0'>",
        "<ip address='192.168.111.254' prefix='24'>",
      );

    assert.deepEqual(types(adopt(running(own))), []);
  });

  it('E29: the order of entries, the unit of a lease time and a prefix for a netmask are no difference', () => {
    const lease =
      "<range start='192.168.111.8' end='192.168.111.254'><lease expiry='2' unit='hours'/></range>";
    const own = tutorialNetwork()
      .replace("<range start='192.168.111.8' end='192.168.111.254'/>", lease)
      .replace("netmask='255.255.255.0'", "prefix='24'");
    const dhcp = { start: '192.168.111.8', end: '192.168.111.254', leaseSeconds: 7200 };

    assert.deepEqual(types(adopt(running(own), { dhcp }, NODES.toReversed())), []);
  });

  for (const [raw, field] of [
    [{ bridge: { stp: false } }, 'bridge'],
    [{ domain: 'other.example' }, 'domain'],
    [{ mtu: 1400 }, 'mtu'],
    [{ dns: { forwarders: ['192.0.2.1'] } }, 'dns'],
  ] as const) {
    it(`is changed in ${field} when its manifest names another, and carries the mark from then on`, () => {
      const before = running(tutorialNetwork());

      const plan = adopt(before, raw);

      const define = plan.actions.find(({ type }) => type === 'DefineNetwork');
      assert.match(define?.reason ?? '', new RegExp(field));
      const after = apply(before, plan);
      assert.equal(configOf(after).mark?.adopted, true);
      assert.deepEqual(configOf(after).mark?.entries.length, NODES.length);
      assert.ok(!types(adopt(after, raw)).includes('DefineNetwork'), 'once is enough');
    });
  }

  describe('R28: with more than one range', () => {
    const first = "<range start='192.168.111.8' end='192.168.111.254'/>";
    const second = "<range start='192.168.111.2' end='192.168.111.4'/>";
    const before = running(tutorialNetwork().replace(first, first + second));
    const ranges = (raw: Record<string, unknown>): string[] => {
      const after = apply(before, adopt(before, raw));
      assert.ok(!types(adopt(after, raw)).includes('DefineNetwork'), 'once is enough');
      return configOf(after).ranges.map(({ start, end, lease = '' }) => `${start}-${end} ${lease}`.trim());
    };

    it('keeps all of them where the manifest names a lease time only', () => {
      assert.deepEqual(ranges({ dhcp: { leaseSeconds: 600 } }), [
        '192.168.111.8-192.168.111.254 600 seconds',
        '192.168.111.2-192.168.111.4 600 seconds',
      ]);
    });

    it('has the first one as the manifest names it, and keeps the others', () => {
      const dhcp = { start: '192.168.111.8', end: '192.168.111.99', exclude: ['192.168.111.20'] };
      assert.deepEqual(ranges({ dhcp }), [
        '192.168.111.8-192.168.111.19',
        '192.168.111.21-192.168.111.99',
        '192.168.111.2-192.168.111.4',
      ]);
    });
  });

  it('R28: is served on the <ip> that has DHCP, also where that is not the first', () => {
    const other = "<ip address='10.9.0.1' netmask='255.255.255.0'/>";
    const own = running(tutorialNetwork().replace('<ip ', `${other}<ip `));

    assert.deepEqual(adopt(own).actions, []);
    const after = apply(own, adopt(own, { domain: 'other.example' }));
    assert.equal((after.config ?? '').match(/<dhcp>/g)?.length, 1);
    assert.match(after.config ?? '', /<ip address="10\.9\.0\.1" netmask="255\.255\.255\.0"\/>/);
  });

  it('E28: what no manifest models survives the first change of an adopted network', () => {
    const foreign = "<portgroup name='fast' default='yes'/>";
    const before = running(
      tutorialNetwork({ network: foreign }).replace(
        '</dhcp>',
        "<host mac='52:54:00:00:00:77' name='printer' ip='192.168.111.77'/></dhcp>",
      ),
    );

    const after = apply(before, adopt(before, { mtu: 1400 }));

    assert.match(after.config ?? '', /<portgroup name="fast" default="yes"\/>/);
    const { hosts, uuid, mac } = configOf(after);
    assert.ok(hosts.some(({ name }) => name === 'printer'));
    assert.deepEqual([uuid, mac], ['231ecaaa-88ab-4c38-b955-c91b1dff203b', '52:54:00:06:ec:15']);
  });

  it('goes on keeping what its manifest does not name once it carries the mark', () => {
    const own = tutorialNetwork().replace("stp='on'", "stp='off'");
    const before = running(own);

    const after = apply(before, adopt(before, { mtu: 1400 }));

    assert.equal(configOf(after).bridge?.stp, 'off');
    assert.ok(!types(adopt(after, { mtu: 1400 })).includes('DefineNetwork'));
  });

  it('E09: an entry that holds a wanted address for another MAC stays, and the Node is refused', () => {
    const stranger = node('stranger', { mac: '52:54:00:00:00:01', address: '192.168.111.150' });

    const { actions, refusals } = adopt(running(tutorialNetwork()), {}, [stranger]);

    assert.deepEqual(actions, []);
    assert.deepEqual(
      refusals.map(({ node: name, reason }) => [name, reason]),
      [['stranger', 'Conflict']],
    );
  });

  it("E09: an entry with the Node's own MAC address is taken over, its address and name changed", () => {
    const moved = node('master00', { mac: '52:54:00:5e:53:fb', address: '192.168.111.10' });
    const before = running(tutorialNetwork());

    const after = apply(before, adopt(before, {}, [moved, ...NODES.slice(1)]));

    const { hosts, dns } = configOf(after);
    assert.deepEqual(
      hosts.filter(({ name }) => name === 'master00.k8s-thw.local').map(({ ip }) => ip),
      ['192.168.111.10'],
    );
    assert.ok(!dns.hosts.some(({ ip }) => ip === '192.168.111.150'));
  });

  it('E08: the three entries with one MAC address of the tutorial become one for the Node that has it', () => {
    const [master00] = NODES;
    assert.ok(master00);
    const before = running(tutorialNetwork({ dhcp: DUPLICATES }));

    const after = apply(before, adopt(before, {}, [master00]));

    assert.deepEqual(
      configOf(after).hosts.map(({ ip }) => ip),
      ['192.168.111.150'],
    );
  });

  it('gives an adopted guest without an address neither reservation nor name', () => {
    const quiet = node('quiet', { mac: '52:54:00:00:00:02' }, { policy: { adopt: true } });

    const { actions, refusals } = adopt(running(tutorialNetwork()), {}, [...NODES, quiet]);

    assert.deepEqual({ actions, refusals }, { actions: [], refusals: [] });
  });

  it('takes the entries of an adopted guest over on a network of k8slab too', () => {
    const made = apply({}, look([], {}, { spec: networkSpec.parse(CIDR) }));
    const hand = "<host mac='52:54:00:00:00:02' name='guest' ip='192.168.111.9'/>";
    const config = (made.config ?? '')
      .replace('</dhcp>', `${hand}</dhcp>`)
      .replace('<dns/>', "<dns><host ip='192.168.111.9'><hostname>guest</hostname></host></dns>");
    const guest = (adopts: boolean): NodeManifest =>
      node('guest', { mac: '52:54:00:00:00:02', address: '192.168.111.9' }, { policy: { adopt: adopts } });
    const world = { ...made, config, live: config };

    const plan = (adopts: boolean): Pass => look([guest(adopts)], world, { spec: networkSpec.parse(CIDR) });

    assert.deepEqual([plan(true).actions, plan(true).refusals], [[], []]);
    assert.equal(plan(false).refusals[0]?.reason, 'Conflict');
  });

  describe('an entry of a Node that is refused stays as others made it', () => {
    const HAND = "<host mac='52:54:00:00:00:02' name='by-hand' ip='192.168.111.9'/>";
    const NAME = "<host ip='192.168.111.77'><hostname>guest</hostname></host>";
    const guest = node(
      'guest',
      { mac: '52:54:00:00:00:02', address: '192.168.111.9' },
      { policy: { adopt: true } },
    );
    const handmade = (world: World): object => {
      const { hosts, dns } = configOf(world);
      return [hosts.filter(({ mac }) => mac === '52:54:00:00:00:02'), dns.hosts];
    };
    const refused = [
      {
        node: 'guest',
        reason: 'Conflict',
        message:
          'the network already has the name guest with the address 192.168.111.77; that entry was not made by k8slab and stays',
      },
    ];

    it('on a network of k8slab, through changes that are made to the network', () => {
      const made = apply({}, look([], {}, { spec: networkSpec.parse(CIDR) }));
      const config = (made.config ?? '')
        .replace('</dhcp>', `${HAND}</dhcp>`)
        .replace('<dns/>', `<dns>${NAME}</dns>`);
      const before = { ...made, config, live: config };
      const more = { spec: networkSpec.parse({ ...CIDR, mtu: 1400 }) };

      const still = look([guest], before, { spec: networkSpec.parse(CIDR) });
      const after = apply(before, look([guest], before, more));

      assert.deepEqual([still.actions, still.refusals], [[], refused]);
      const older = { ...before, config: config.replace(/applied="\w+"/, 'applied="older"') };
      const marked = look([guest], older, { spec: networkSpec.parse(CIDR) });
      assert.deepEqual(types(marked), ['DefineNetwork'], 'what is asked of the network is noted on it');
      assert.deepEqual([configOf(after).mtu, handmade(after)], ['1400', handmade(before)]);
      assert.deepEqual([configOf(after).mark?.entries, configOf(after).mark?.former], [[], undefined]);
    });

    it('beside one that is taken over', () => {
      const made = apply({}, look([], {}, { spec: networkSpec.parse(CIDR) }));
      const [master00] = MACHINES;
      assert.ok(master00);
      const name = `<host ip='${master00.ip}'><hostname>master00</hostname></host>`;
      const own = `<host mac='${master00.mac}' name='master00' ip='${master00.ip}'/>`;
      const config = (made.config ?? '')
        .replace('</dhcp>', `${HAND}${own}</dhcp>`)
        .replace('<dns/>', `<dns>${NAME}${name}</dns>`);
      const other = node(
        'master00',
        { mac: master00.mac, address: master00.ip },
        { policy: { adopt: true } },
      );

      const pass = look([guest, other], { ...made, config, live: config }, { spec: networkSpec.parse(CIDR) });

      assert.deepEqual([pass.actions, pass.refusals], [[], refused]);
    });

    it('on a network that is adopted, when it gets its mark', () => {
      const xml = tutorialNetwork({ dhcp: HAND, dns: NAME });
      const before: World = { config: xml };

      const pass = adopt(before, {}, [guest]);
      const after = apply(before, pass);

      assert.deepEqual([pass.refusals, adopt(running(xml), {}, [guest]).actions], [refused, []]);
      assert.deepEqual([configOf(after).mark?.adopted, handmade(after)], [true, handmade(before)]);
      assert.deepEqual(configOf(after).mark?.entries, []);
    });
  });

  it('is no network of k8slab when libvirt has another kind of it', () => {
    const macvtap = "<network><name>k8s-net</name><forward mode='bridge'/><bridge name='br0'/></network>";

    assert.equal(adopt(running(macvtap)).waiting?.reason, 'Conflict');
  });

  it('is started, marked and given its directories when it is not active', () => {
    const before: World = { config: tutorialNetwork() };

    const after = apply(before, adopt(before));

    assert.ok(after.live !== undefined);
    assert.deepEqual([configOf(after).mark?.adopted, configOf(after).options.length], [true, 2]);
  });

  it('is not restarted for what others defined and left for its next start', () => {
    const world = { ...running(tutorialNetwork()), live: tutorialNetwork().replace('k8s-thw', 'old') };

    const { actions, waiting } = adopt(world);

    assert.deepEqual([actions, waiting?.reason], [[], 'RestartRequired']);
  });
});
