import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { parseNetwork } from '../../../src/api/libvirt/network.ts';
import type { NodeManifest } from '../../../src/api/network/claims.ts';
import { NameSet } from '../../../src/api/network/foreign.ts';
import { apply, look, master00, master01, node, spec, types, type World } from './bed.ts';

/** A running network that needs nothing. */
function converged(nodes: readonly NodeManifest[], options: Parameters<typeof look>[2] = {}): World {
  return settle(nodes, {}, options);
}

function settle(
  nodes: readonly NodeManifest[],
  world: World,
  options: Parameters<typeof look>[2] = {},
): World {
  const after = apply(world, look(nodes, world, options));
  assert.deepEqual(types(look(nodes, after, options)), []);
  return after;
}

/** A foreign record, in the definition and live. */
function withRecord(world: World, ip: string, ...names: readonly string[]): World {
  const host = `<host ip="${ip}">${names.map((name) => `<hostname>${name}</hostname>`).join('')}</host>`;
  const into = (text = ''): string =>
    text.includes('</dns>')
      ? text.replace('</dns>', `${host}</dns>`)
      : text.replace('<dns/>', `<dns>${host}</dns>`);
  return {
    ...world,
    config: into(world.config),
    ...(world.live === undefined ? {} : { live: into(world.live) }),
  };
}

function withReservation(world: World, host: string, where: readonly ('config' | 'live')[]): World {
  const more = where.map((side) => [side, (world[side] ?? '').replace('</dhcp>', `${host}</dhcp>`)]);
  return { ...world, ...(Object.fromEntries(more) as Partial<World>) };
}

function records(text = ''): string[] {
  return parseNetwork(text).model.dns.hosts.map(({ ip, hostnames }) => `${ip} ${hostnames.join(' ')}`);
}

function entries(world: World): string[] {
  return (parseNetwork(world.config ?? '').model.mark?.entries ?? []).map(
    ({ node: name, ip }) => `${name} ${ip}`,
  );
}

function refusals(plan: ReturnType<typeof look>): Record<string, string> {
  return Object.fromEntries(plan.refusals.map(({ node: name, reason }) => [name, reason]));
}

const NAME = 'master00.k8s-thw.local';

describe('a foreign record', () => {
  it('F1: of the other family stays, in the definition and live, and holds no Node', () => {
    const world = withRecord(converged([master00]), 'fd00::5', NAME);

    assert.deepEqual(look([master00], world).actions, []);
    const after = settle([master00, master01], world);

    assert.deepEqual(refusals(look([master00, master01], world)), {});
    for (const text of [after.config, after.live]) assert.ok(records(text).includes(`fd00::5 ${NAME}`));
  });

  it('F1: stays whatever becomes of our record of the same name', () => {
    const world = withRecord(converged([master00]), 'fd00::5', NAME);

    const gone = settle([], world);

    for (const text of [gone.config, gone.live]) assert.deepEqual(records(text), [`fd00::5 ${NAME}`]);
  });

  it('F1: that cannot be changed holds up no Node: what is done about names stands alone', () => {
    const moved = node('master00', { address: '192.168.111.151', mac: '52:54:00:5e:53:fb' });
    const { actions } = look([moved], converged([master00]));

    assert.deepEqual(
      actions.filter(({ isolated }) => isolated === true).map(({ type }) => type),
      ['UpdateNetwork'],
    );
  });

  it('C1: of both families in an adopted network is as it was', () => {
    const api = { dns: { records: [{ address: '192.168.111.5', hostnames: ['api'] }] } };
    const options = { spec: spec({ ...api, policy: { adopt: true } }), named: (): boolean => false };
    const bare = converged([]);
    const foreign = [bare.config, bare.live].map((text = '') =>
      text.replace(/<metadata>[^]*<\/metadata>/, '').replace(/<dnsmasq:options>[^]*<\/dnsmasq:options>/, ''),
    );
    const [config = '', live = ''] = foreign;
    const before = { ...bare, config, live };
    const world = withRecord(withRecord(before, '192.168.111.5', 'api'), 'fd00::5', 'api');

    const plan = look([], world, options);

    assert.deepEqual(plan.actions, []);
  });

  for (const foreign of [NAME, 'master00']) {
    it(`R6: of the name ${foreign} and another address of that family is a Conflict, and stays`, () => {
      const world = withRecord(converged([]), '192.168.111.9', foreign);

      const plan = look([master00], world);

      assert.deepEqual([plan.actions, refusals(plan)], [[], { master00: 'Conflict' }]);
      assert.match(
        plan.refusals[0]?.message ?? '',
        /has the name master00.*with the address 192\.168\.111\.9/,
      );
    });
  }

  it('R6: is not taken out by a record of the manifest, which is told instead', () => {
    const api = spec({ dns: { records: [{ address: '192.168.111.6', hostnames: ['api', 'www'] }] } });
    const world = withRecord(converged([]), '192.168.111.5', 'api');

    const plan = look([], world, { spec: api });
    const after = apply(world, plan);

    assert.deepEqual(records(after.config), ['192.168.111.6 www', '192.168.111.5 api']);
    assert.deepEqual(plan.refusedRecords, [
      'api has the address 192.168.111.5 instead of 192.168.111.6; that entry was not made by k8slab and stays',
    ]);
    assert.deepEqual(look([], after, { spec: api }).actions, []);
  });
});

describe('a Node without an address', () => {
  const small = (more: object = {}): ReturnType<typeof spec> =>
    spec({ dhcp: { start: '192.168.111.8', end: '192.168.111.20' }, ...more });

  it('C5: gets none that a record of the manifest has, nor one that is to stay free', () => {
    const options = {
      spec: small({
        dhcp: { start: '192.168.111.8', end: '192.168.111.20', exclude: ['192.168.111.9-192.168.111.11'] },
        dns: { records: [{ address: '192.168.111.8', hostnames: ['api'] }] },
      }),
    };

    const after = apply({}, look([node('w1')], {}, options));

    assert.deepEqual(entries(after), ['w1 192.168.111.12']);
    assert.deepEqual(parseNetwork(after.config ?? '').model.ranges, [
      { start: '192.168.111.8', end: '192.168.111.8' },
      { start: '192.168.111.12', end: '192.168.111.20' },
    ]);
  });

  it('C2: gets none that another machine has leased or answers on, and the reservation is never written', () => {
    const inUse = [{ ip: '192.168.111.8', mac: '52:54:00:aa:00:01' }, { ip: '192.168.111.9' }];

    const after = apply({}, look([node('w1')], {}, { inUse }));

    assert.deepEqual(entries(after), ['w1 192.168.111.10']);
  });

  it('C2: keeps the one it was given, whoever leased it meanwhile', () => {
    const world = converged([node('w1')]);

    const inUse = [{ ip: '192.168.111.8', mac: '52:54:00:aa:00:01' }];
    assert.deepEqual(look([node('w1')], world, { inUse }).actions, []);
  });

  it('R6: gets none of a foreign reservation or record, whether in the definition or only live', () => {
    let world = converged([]);
    world = withReservation(world, "<host mac='52:54:00:00:00:91' ip='192.168.111.8'/>", ['config']);
    world = withReservation(world, "<host mac='52:54:00:00:00:92' ip='192.168.111.9'/>", ['live']);
    world = withRecord(world, '192.168.111.10', 'virtual');

    assert.deepEqual(entries(settle([node('w1')], world)), ['w1 192.168.111.11']);
  });
});

describe('R22: the pod network of a machine that keeps what it has', () => {
  const pods = { spec: spec({ podCIDR: { cidr: '10.200.0.0/16', nodeMaskSize: 24 } }) };
  const worker = (name: string, podCIDR?: string): NodeManifest =>
    node(name, {}, { role: 'worker', ...(podCIDR === undefined ? {} : { podCIDR }) });
  const before = converged([worker('a')], pods);
  const kept = { ...pods, domains: ['a'] };

  it('is given to no other', () => {
    const after = apply(before, look([worker('b')], before, kept));

    const { mark } = parseNetwork(after.config ?? '').model;
    assert.deepEqual(
      mark?.entries.map(({ node: name, podCIDR }) => `${name} ${podCIDR ?? ''}`),
      ['a 10.200.0.0/24', 'b 10.200.1.0/24'],
    );
  });

  it('is a Conflict for a Node whose manifest names a part of it', () => {
    const plan = look([worker('b', '10.200.0.128/25')], before, kept);

    assert.deepEqual(refusals(plan), { b: 'Conflict' });
    assert.match(plan.refusals[0]?.message ?? '', /"a" still has .*the pod network 10\.200\.0\.0\/24/);
  });
});

describe('R19: a foreign reservation of the name of a Node', () => {
  const world = converged([]);
  const host = `<host mac='52:54:00:00:00:99' name='${NAME}' ip='192.168.111.9'/>`;

  it('is a Conflict where libvirt would refuse the net-update', () => {
    const deaf = (text = ''): string => text.replace(/<dnsmasq:option value="[^"]*hostsdir=[^"]*"\/>/g, '');
    const held = withReservation({ ...world, live: deaf(world.live) }, host, ['config', 'live']);

    assert.deepEqual(refusals(look([master00], held)), { master00: 'Conflict' });
  });

  it('is none where dnsmasq reads our files', () => {
    assert.deepEqual(refusals(look([master00], withReservation(world, host, ['config', 'live']))), {});
  });
});

describe('a reservation of ours that only the running network still has', () => {
  it('is not foreign: its address goes to another Node by taking it out', () => {
    const deaf = (text = ''): string => text.replace(/<dnsmasq:option value="[^"]*hostsdir=[^"]*"\/>/g, '');
    const bare = converged([]);
    const world = { ...bare, live: deaf(bare.live) };
    const served = settle([master00], world);
    const removed = settle([], served);
    const heir = node('heir', { address: '192.168.111.150' });

    const plan = look([heir], removed);

    assert.match(
      removed.live ?? '',
      /52:54:00:5e:53:fb/,
      'to take it out would cost the guests of others the outside',
    );
    assert.deepEqual(refusals(plan), {});
    // The mark forgets it a pass later than the network, so that a failure in between leaves nothing foreign behind.
    const after = settle([heir], apply(removed, plan));
    assert.doesNotMatch(after.live ?? '', /52:54:00:5e:53:fb/);
    assert.equal(parseNetwork(after.config ?? '').model.mark?.former, undefined);
  });
});

describe('the definition', () => {
  it('R17: is written again while the network runs without one', () => {
    const world = { ...converged([master00]), transient: true };

    const [action] = look([master00], world).actions;

    assert.equal(action?.type, 'DefineNetwork');
    assert.match(action.reason, /without a definition/);
  });

  it('R17: made again gives no Node another address, though what it said is lost', () => {
    const running = converged([node('b')]);
    const grown = settle([node('a'), node('b')], running);
    // Without a definition libvirt shows what runs, whose mark is the one of its start.
    const lost = { ...grown, config: running.live ?? '', transient: true };

    assert.deepEqual(entries(apply(lost, look([node('a'), node('b')], lost))), entries(grown));
  });
});

describe('R26: directories of dnsmasq that are not ours', () => {
  it('come with a restart, as any other option', () => {
    const world = converged([master00]);
    const options = { spec: spec({ dns: { dnsmasqOptions: ['hostsdir=/srv/names'] } }) };

    assert.deepEqual(types(look([master00], world, options)), ['DefineNetwork', 'RestartNetwork']);
    settle([master00], world, options);
  });
});

test('pairs of address and name are found however many names an address has and in however many places they stand', () => {
  const many = Array.from({ length: 20 }, (_, index) => `n${index}`);
  const names = new NameSet([
    { ip: '10.0.0.1', hostnames: ['a', 'b'] },
    { ip: '10.0.0.2', hostnames: many },
    { ip: '10.0.0.1', hostnames: ['c'] },
    { ip: '10.0.0.1', hostnames: ['d'] },
    { ip: '10.0.0.2', hostnames: ['e'] },
  ]);

  for (const name of ['a', 'b', 'c', 'd']) assert.ok(names.has('10.0.0.1', name), name);
  for (const name of [...many, 'e']) assert.ok(names.has('10.0.0.2', name), name);
  assert.ok(!names.has('10.0.0.1', 'e'));
  assert.ok(!names.has('10.0.0.2', 'a'));
  assert.ok(!names.has('10.0.0.3', 'a'));
});
