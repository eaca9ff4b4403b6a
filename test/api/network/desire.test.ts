import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseNetwork } from '../../../src/api/libvirt/network.ts';
import { claimsOn, type NodeManifest } from '../../../src/api/network/claims.ts';
import { desireNetwork } from '../../../src/api/network/desire.ts';
import { apply, hostDirs, look, master00, master01, node, spec, type World } from './bed.ts';

function world(nodes: readonly NodeManifest[], options: Parameters<typeof look>[2] = {}): World {
  return apply({}, look(nodes, {}, options));
}

function withHost(before: World, host: string): World {
  return { ...before, config: (before.config ?? '').replace('</dhcp>', `${host}</dhcp>`) };
}

/** `node ip` of all entries that the network shall have. */
function entries(after: World): string[] {
  const { mark } = parseNetwork(after.config ?? '').model;
  return (mark?.entries ?? []).map(({ node: name, ip }) => `${name} ${ip}`);
}

/** Node -> reason of those that get nothing new. */
function refusals(plan: ReturnType<typeof look>): Record<string, string> {
  return Object.fromEntries(plan.refusals.map(({ node: name, reason }) => [name, reason]));
}

describe('claims on a network', () => {
  it('are one for each Node on it, by name, with full names: the Node first, then its aliases', () => {
    const nodes = [
      node('b', { mac: '52:54:00:AA:00:01' }, { dnsAliases: ['api', 'www.example.com', 'b'] }),
      node('a'),
      node('elsewhere', {}, { networks: [{ network: 'other' }] }),
    ];

    const claims = claimsOn('k8s-net', 'k8s-thw.local', nodes);

    assert.deepEqual(
      claims.map(({ node: name, hostnames }) => [name, ...hostnames]),
      [
        ['a', 'a.k8s-thw.local'],
        ['b', 'b.k8s-thw.local', 'api.k8s-thw.local', 'www.example.com'],
      ],
    );
    assert.equal(claims[1]?.mac, '52:54:00:aa:00:01');
  });

  it('have aliases on the first network of a Node only', () => {
    const both = node(
      'a',
      {},
      { dnsAliases: ['api'], networks: [{ network: 'other' }, { network: 'k8s-net' }] },
    );

    assert.deepEqual(claimsOn('k8s-net', undefined, [both])[0]?.hostnames, ['a']);
  });
});

describe('the desired network', () => {
  function desire(
    fields: Record<string, unknown>,
    config?: string,
  ): ReturnType<typeof desireNetwork>['desired'] {
    return desireNetwork({
      name: 'k8s-net',
      spec: spec(fields),
      nodes: [],
      keeps: () => false,
      hostDirs,
      ...(config === undefined ? {} : { config: parseNetwork(config).model }),
    }).desired;
  }

  it('keeps the name of a bridge that is there, where the manifest gives none', () => {
    const config = "<network><bridge name='virbr7'/></network>";

    assert.equal(desire({ bridge: {} }, config).bridge, 'virbr7');
    assert.equal(desire({ bridge: { name: 'virbr1' } }, config).bridge, 'virbr1');
    assert.equal(desire({ bridge: {} }).bridge, 'virbr-k8s-net');
  });

  it('names the directories of dnsmasq before what the manifest asks of it', () => {
    assert.deepEqual(desire({ dns: { dnsmasqOptions: ['cache-size=9'] } }).options, [
      `dhcp-hostsdir=${hostDirs.dhcp}`,
      `hostsdir=${hostDirs.dns}`,
      'cache-size=9',
    ]);
  });

  it('E33: has the defaults of what the manifest leaves out', () => {
    const { gateway, netmask, ranges } = desire({ dhcp: {} });

    assert.deepEqual([gateway, netmask], ['192.168.111.1', '255.255.255.0']);
    assert.equal(spec().dns.localOnly, true, 'or names could go round between its resolver and ours');
    assert.deepEqual(ranges, [{ start: '192.168.111.2', end: '192.168.111.254' }]);
  });
});

describe('a Node gets nothing new and its network stays as it is', () => {
  const before = world([master00]);

  it('when an entry that k8slab did not make reserves its address', () => {
    const held = withHost(before, "<host mac='52:54:00:00:00:99' name='foreign' ip='192.168.111.135'/>");

    const plan = look([master00, master01], held);

    assert.deepEqual([plan.actions, refusals(plan)], [[], { master01: 'Conflict' }]);
    assert.match(
      plan.refusals[0]?.message ?? '',
      /already reserves 192\.168\.111\.135 for foreign;.*not made by k8slab/,
    );
  });

  for (const ip of ['192.168.111.135', '192.168.111.9']) {
    it(`when an entry that k8slab did not make reserves ${ip} for its MAC address`, () => {
      const held = withHost(before, `<host mac='52:54:00:B5:06:FF' ip='${ip}'/>`);

      const plan = look([master00, master01], held);

      assert.deepEqual([plan.actions, refusals(plan)], [[], { master01: 'Conflict' }]);
    });
  }

  it('when a name that k8slab did not make is its own, with another address', () => {
    const name = "<host ip='192.168.111.9'><hostname>master01.k8s-thw.local</hostname></host>";
    const held = { ...before, config: (before.config ?? '').replace('</dns>', `${name}</dns>`) };

    const plan = look([master00, master01], held);

    assert.deepEqual([plan.actions, refusals(plan)], [[], { master01: 'Conflict' }]);
  });

  for (const [what, heir] of [
    ['address', node('heir', { address: '192.168.111.150' })],
    ['MAC address', node('heir', { mac: '52:54:00:5e:53:fb', address: '192.168.111.151' })],
    ['name', node('heir', {}, { dnsAliases: ['master00'] })],
  ] as const) {
    it(`while a machine whose manifest is gone still has its ${what}`, () => {
      const plan = look([heir], before, { domains: ['master00'] });

      assert.deepEqual([plan.actions, refusals(plan)], [[], { heir: 'Conflict' }]);
      assert.match(plan.refusals[0]?.message ?? '', /the machine "master00" still has/);
      assert.deepEqual(refusals(look([heir], before)), {});
    });
  }
});

describe('a Node that is refused', () => {
  it('keeps what it had, and no other Node gets that', () => {
    const before = withHost(world([master00]), "<host mac='52:54:00:00:00:99' ip='192.168.111.9'/>");
    const moved = node('master00', { address: '192.168.111.9', mac: '52:54:00:5e:53:fb' });
    const heir = node('heir', { address: '192.168.111.150' });
    const next = node('next', { address: '192.168.111.151' });

    const plan = look([moved, heir, next], before);

    assert.deepEqual(refusals(plan), { master00: 'Conflict', heir: 'Conflict' });
    assert.deepEqual(entries(apply(before, plan)), ['master00 192.168.111.150', 'next 192.168.111.151']);
  });

  it('for want of an address is told so, and others are served', () => {
    const small = spec({ dhcp: { start: '192.168.111.8', end: '192.168.111.8' } });

    const plan = look([node('a'), node('b'), master00], {}, { spec: small });

    assert.deepEqual(refusals(plan), { b: 'RangeExhausted' });
    assert.deepEqual(entries(apply({}, plan)), ['a 192.168.111.8', 'master00 192.168.111.150']);
  });

  it('for want of a pod network gets no address either: its guest would be made without one', () => {
    const pods = spec({ podCIDR: { cidr: '10.200.0.0/24', nodeMaskSize: 24 } });
    const worker = (name: string): NodeManifest => node(name, {}, { role: 'worker' });

    const plan = look([worker('w0'), worker('w1'), master00], {}, { spec: pods });

    assert.deepEqual(refusals(plan), { w1: 'RangeExhausted' });
    assert.deepEqual(entries(apply({}, plan)), ['master00 192.168.111.150', 'w0 192.168.111.8']);
  });

  it('for want of a pod network keeps the entry that it has', () => {
    const pods = (cidr: string): ReturnType<typeof spec> => spec({ podCIDR: { cidr, nodeMaskSize: 24 } });
    const workers = ['w0', 'w1'].map((name) => node(name, {}, { role: 'worker' }));
    const before = world(workers, { spec: pods('10.200.0.0/23') });

    const plan = look(workers, before, { spec: pods('10.200.0.0/24') });

    assert.deepEqual(refusals(plan), { w1: 'RangeExhausted' });
    assert.deepEqual(entries(apply(before, plan)), ['w0 192.168.111.8', 'w1 192.168.111.9']);
  });
});

describe('pod networks', () => {
  it('once given out stay with their workers, whoever comes before them by name', () => {
    const pods = spec({ podCIDR: { cidr: '10.200.0.0/16', nodeMaskSize: 24 } });
    const worker = (name: string): NodeManifest => node(name, {}, { role: 'worker' });
    const before = world([worker('w5')], { spec: pods });

    const after = apply(before, look([worker('w1'), worker('w5')], before, { spec: pods }));

    const { mark } = parseNetwork(after.config ?? '').model;
    assert.deepEqual(
      mark?.entries.map(({ node: name, podCIDR }) => [name, podCIDR]),
      [
        ['w1', '10.200.1.0/24'],
        ['w5', '10.200.0.0/24'],
      ],
    );
  });
});

describe('a name that others gave to the address of a Node', () => {
  it('is no conflict when it is the very name of the Node', () => {
    const before = world([]);
    const name = "<host ip='192.168.111.135'><hostname>master01.k8s-thw.local</hostname></host>";
    const named = { ...before, config: (before.config ?? '').replace('</dns>', `${name}</dns>`) };
    const bare = { ...before, config: (before.config ?? '').replace('<dns/>', `<dns>${name}</dns>`) };

    assert.deepEqual([refusals(look([master01], named)), refusals(look([master01], bare))], [{}, {}]);
    assert.match(`${named.config}${bare.config}`, /<host ip='192/);
  });
});

describe('addresses', () => {
  it('stay with their Nodes under a new MAC address', () => {
    const before = world([node('a', { mac: '52:54:00:00:00:0a' }), node('b')]);

    const after = apply(before, look([node('a', { mac: '52:54:00:00:00:0b' }), node('b')], before));

    assert.deepEqual(entries(after), entries(before));
  });

  it('are not moved by who edits the reservation by hand: that is drift', () => {
    const before = world([node('a')]);
    const edited = {
      ...before,
      config: (before.config ?? '').replace(
        /(<host mac="[^"]*" name="[^"]*" ip=")[^"]*"/,
        '$1192.168.111.77"',
      ),
    };

    const after = apply(edited, look([node('a')], edited));

    assert.match(edited.config, /192\.168\.111\.77/);
    assert.deepEqual([after.config, entries(after)], [before.config, entries(before)]);
  });

  it('E97: are the same again when nothing but the network itself is left to tell them', () => {
    const nodes = ['c', 'a', 'b'].map((name) => node(name));
    const grown = apply(world(nodes.slice(0, 1)), look(nodes, world(nodes.slice(0, 1))));

    assert.deepEqual(entries(grown), ['a 192.168.111.9', 'b 192.168.111.10', 'c 192.168.111.8']);
    assert.deepEqual(
      look(nodes, { ...grown, live: grown.config ?? '' }).actions.filter(
        ({ type }) => type === 'DefineNetwork',
      ),
      [],
    );
  });
});
