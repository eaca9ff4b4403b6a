import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReasonedError } from '../../../src/api/errors.ts';
import { parseNetwork } from '../../../src/api/libvirt/network.ts';
import { createBed, createLab, type Bed } from '../bed.ts';
import { rawLibvirt } from '../fakes.ts';

const LOST = '<network><name>lost</name><bridge name="virbr5"/></network>';
const FOREIGN = '<network><name>k8s-net</name><bridge name="virbr1"/></network>';

function reserved(bed: Bed): string[] {
  const { config = '' } = bed.world.networks.get('k8s-net') ?? {};
  return parseNetwork(config).model.hosts.map(({ name, ip }) => `${name?.split('.')[0] ?? ''} ${ip}`);
}

describe('a Network', () => {
  it('is made with all reservations and names in one define, before it is started', async () => {
    const bed = createBed();
    bed.apply('Network', 'k8s-net');
    for (const name of ['b', 'a']) bed.apply('Node', name);

    await bed.pass('Network', 'k8s-net');

    assert.deepEqual(bed.world.calls, [
      'writeHostFiles k8s-net',
      'defineNetwork k8s-net',
      'setNetworkAutostart k8s-net',
      'startNetwork k8s-net',
    ]);
    assert.deepEqual(reserved(bed), ['a 192.168.111.2', 'b 192.168.111.3']);
    const { bridge, gateway, entries } = bed.object('Network', 'k8s-net').status;
    assert.deepEqual(
      [bridge, gateway, entries?.map(({ live }) => live)],
      ['virbr1', '192.168.111.1', [true, true]],
    );
    assert.equal(bed.ready('Network', 'k8s-net'), 'True Active');
  });

  it('E03: that is as it shall be is not touched', async () => {
    const bed = await createLab('a');

    await bed.pass('Network', 'k8s-net');

    assert.deepEqual(bed.world.calls, []);
  });

  it('gets a Node by one define and two files: no net-update, no restart', async () => {
    const bed = await createLab('a');
    bed.apply('Node', 'b');

    await bed.pass('Network', 'k8s-net');

    assert.deepEqual(bed.world.calls, ['defineNetwork k8s-net', 'writeHostFiles k8s-net', 'reload k8s-net']);
    assert.equal(bed.condition(['Network', 'k8s-net'], 'EntriesLive')?.status, 'True');
  });

  it('leaves a reservation as others made it where the Node that adopts it is refused', async () => {
    const bed = await createLab('a');
    const raw = rawLibvirt(bed.world);
    for (const [section, xml] of [
      ['ip-dhcp-host', "<host mac='52:54:00:00:00:02' name='by-hand' ip='192.168.111.9'/>"],
      ['dns-host', "<host ip='192.168.111.77'><hostname>guest.k8s-thw.local</hostname></host>"],
    ] as const)
      raw.netUpdate({ network: 'k8s-net', command: 'add', section, xml, live: false, config: true });
    const networks = [{ network: 'k8s-net', mac: '52:54:00:00:00:02', address: '192.168.111.9' }];
    bed.apply('Node', 'guest', { networks, policy: { adopt: true } });

    await bed.pass('Network', 'k8s-net');

    assert.deepEqual([bed.world.calls, reserved(bed).includes('by-hand 192.168.111.9')], [[], true]);
    assert.equal(bed.condition(['Network', 'k8s-net'], 'ClaimsRefused')?.status, 'True');
  });

  it('C5: gives a Node no address on which another machine answers', async () => {
    const bed = await createLab('a');
    bed.world.taps.set('vnet9', 'virbr1');
    for (const ip of ['192.168.111.3', '192.168.111.4']) bed.world.answering.add(ip);
    bed.apply('Node', 'b');

    await bed.pass('Network', 'k8s-net');

    assert.deepEqual(reserved(bed), ['a 192.168.111.2', 'b 192.168.111.5']);
    bed.world.answering.add('192.168.111.5');
    await bed.pass('Network', 'k8s-net');
    assert.deepEqual(reserved(bed), ['a 192.168.111.2', 'b 192.168.111.5'], 'what is given stays');
  });

  it('C2: gives a Node no address that another machine has leased', async () => {
    const bed = await createLab('a');
    const expiry = bed.clock.now() / 1000;
    bed.world.leases.push(
      { ip: '192.168.111.3', mac: '52:54:00:aa:00:01', expiry: expiry + 60 },
      { ip: '192.168.111.4', mac: '52:54:00:aa:00:02', expiry: expiry - 60 },
    );
    bed.apply('Node', 'b');

    await bed.pass('Network', 'k8s-net');

    assert.deepEqual(reserved(bed), ['a 192.168.111.2', 'b 192.168.111.4']);
  });

  it('E20: gets all Nodes that come at once by one define: their own passes do not touch it', async () => {
    const bed = await createLab('a');
    for (const name of ['b', 'c', 'd']) bed.apply('Node', name);

    await Promise.all(['b', 'c', 'd'].map((name) => bed.pass('Node', name)));
    assert.deepEqual(bed.world.calls, []);
    await bed.pass('Network', 'k8s-net');

    assert.deepEqual(bed.world.calls, ['defineNetwork k8s-net', 'writeHostFiles k8s-net', 'reload k8s-net']);
    assert.equal(reserved(bed).length, 4);
  });

  it('E02: gets a new address of a Node live: the old name is taken out before the new one is told', async () => {
    const bed = await createLab('a');
    bed.apply('Node', 'a', { networks: [{ network: 'k8s-net', address: '192.168.111.99' }] });

    await bed.converge();

    const calls = bed.world.calls.filter((call) => call.endsWith(' k8s-net'));
    const changed = ['defineNetwork', 'updateNetwork', 'writeHostFiles'].map((call) => `${call} k8s-net`);
    // E81b: dnsmasq reads /etc/hosts again once that has the new address.
    assert.deepEqual(calls, [...changed, 'reload k8s-net', 'reload k8s-net']);
    assert.match(bed.world.files.get('/etc/hosts') ?? '', /192\.168\.111\.99 a\.k8s-thw\.local/);
    assert.deepEqual(parseNetwork(bed.world.networks.get('k8s-net')?.live ?? '').model.dns.hosts, []);
    assert.equal(bed.condition(['Network', 'k8s-net'], 'EntriesLive')?.status, 'True');
  });

  it('E16: that somebody stopped is started again', async () => {
    const bed = await createLab('a');
    rawLibvirt(bed.world).netDestroy('k8s-net');

    await bed.converge();

    assert.ok(bed.world.calls.includes('startNetwork k8s-net'));
    assert.equal(bed.ready('Network', 'k8s-net'), 'True Active');
  });

  it('of that name that k8slab did not make is left alone, which is a conflict', async () => {
    const bed = createBed();
    bed.world.networks.set('k8s-net', { config: FOREIGN, live: FOREIGN, autostart: false });
    bed.apply('Network', 'k8s-net');
    bed.apply('Node', 'a');

    await bed.converge();

    assert.deepEqual(
      bed.world.calls.filter((call) => call.includes('k8s-net')),
      [],
    );
    assert.equal(bed.world.networks.get('k8s-net')?.config, FOREIGN);
    assert.equal(bed.ready('Network', 'k8s-net'), 'False Conflict');
    assert.equal(bed.condition(['Network', 'k8s-net'], 'Synced')?.reason, 'Conflict');
  });

  it('E26: is defined over what is there for any change, and never undefined: its leases would go', async () => {
    const bed = await createLab('a');
    bed.apply('Network', 'k8s-net', { domain: 'other.local', mtu: 1400 });

    await bed.converge();

    const calls = bed.world.calls.filter((call) => /^(un)?define|^(destroy|start)Network/.test(call));
    assert.deepEqual(
      calls,
      ['defineNetwork', 'destroyNetwork', 'startNetwork'].map((call) => `${call} k8s-net`),
    );
  });

  it('works on while a change of it waits for a restart, and says so', async () => {
    const bed = await createLab('a');
    bed.apply('Network', 'k8s-net', { mtu: 1400, policy: { restart: 'Never' } });

    await bed.pass('Network', 'k8s-net');

    assert.deepEqual(bed.world.calls, ['defineNetwork k8s-net']);
    assert.match(bed.condition(['Network', 'k8s-net'], 'RestartRequired')?.message ?? '', /mtu/);
    assert.equal(bed.ready('Network', 'k8s-net'), 'True Active');
  });

  it('that could not be stopped is stopped and started once it can be, without another change', async () => {
    const bed = await createLab('a');
    bed.apply('Network', 'k8s-net', { mtu: 1400 });
    bed.world.broken.set('destroyNetwork', new ReasonedError('LibvirtUnreachable', 'libvirtd is down'));
    await assert.rejects(bed.pass('Network', 'k8s-net'), { reason: 'LibvirtUnreachable' });
    bed.world.broken.clear();

    await bed.pass('Network', 'k8s-net');

    assert.ok(bed.world.calls.includes('startNetwork k8s-net'));
    assert.equal(bed.ready('Network', 'k8s-net'), 'True Active');
  });

  it('E32: that does not start with a change is not restarted for it again', async () => {
    const bed = await createLab('a');
    bed.apply('Network', 'k8s-net', { mtu: 1400 });
    bed.world.broken.set('startNetwork', new ReasonedError('CommandFailed', 'port 53 is taken'));
    await assert.rejects(bed.pass('Network', 'k8s-net'), { reason: 'RestartFailed' });
    const { config = '' } = bed.world.networks.get('k8s-net') ?? {};
    bed.world.networks.set('k8s-net', {
      config,
      live: config.replace('<mtu size="1400"/>', ''),
      autostart: true,
    });
    bed.world.broken.clear();
    bed.world.calls.length = 0;

    await bed.pass('Network', 'k8s-net');

    assert.ok(!bed.world.calls.includes('destroyNetwork k8s-net'));
    assert.match(bed.condition(['Network', 'k8s-net'], 'RestartFailed')?.message ?? '', /port 53 is taken/);
  });

  it('E22: that libvirt did not define though it said so is a failure', async () => {
    const bed = createBed();
    bed.apply('Network', 'k8s-net');
    bed.world.networks.set = () => bed.world.networks;
    bed.world.broken.set('startNetwork', new ReasonedError('NotFound', 'no such network'));

    await assert.rejects(bed.pass('Network', 'k8s-net'), { reason: 'NotFound' });

    assert.equal(bed.ready('Network', 'k8s-net'), 'False NotFound');
  });

  it('E22: whose update changes nothing is a failure, not an endless row of updates', async () => {
    const bed = await createLab('a');
    bed.apply('Node', 'b');
    bed.world.networks.set = () => bed.world.networks;
    bed.world.hostFiles.set = () => bed.world.hostFiles;

    await assert.rejects(bed.pass('Network', 'k8s-net'), { reason: 'NotApplied' });

    assert.match(
      bed.condition(['Network', 'k8s-net'], 'Synced')?.message ?? '',
      /DefineNetwork, WriteHostFiles, ReloadDnsmasq succeeded/,
    );
  });

  it('E22: goes on where it failed once the cause is gone', async () => {
    const bed = createBed();
    bed.apply('Network', 'k8s-net');
    bed.world.broken.set('startNetwork', new ReasonedError('OperationFailed', 'port 53 is taken'));
    await assert.rejects(bed.pass('Network', 'k8s-net'));
    assert.equal(bed.condition(['Network', 'k8s-net'], 'Ready')?.message, 'port 53 is taken');

    bed.world.broken.clear();
    await bed.converge();

    assert.equal(bed.ready('Network', 'k8s-net'), 'True Active');
    assert.equal(bed.world.calls.filter((call) => call.startsWith('defineNetwork')).length, 1);
  });
});

describe('E30, E31: a libvirt network of others that cannot be read', () => {
  const why = 'cannot run virsh command "net-dumpxml lost": Permission denied';

  function lose({ world }: Bed): void {
    world.networks.set('lost', { config: LOST, autostart: false });
    world.refuse = (call, subject) =>
      call === 'networkXml' && subject === 'lost' ? new ReasonedError('PermissionRefused', why) : undefined;
  }

  it('keeps a new Network waiting, which is looked at again soon, and is made once it can be read', async () => {
    const bed = createBed();
    lose(bed);
    bed.apply('Network', 'k8s-net', { bridge: { name: 'virbr2' } });

    const { requeueAfterMs } = await bed.pass('Network', 'k8s-net');

    assert.deepEqual([bed.world.calls, requeueAfterMs], [[], 10_000]);
    assert.equal(bed.ready('Network', 'k8s-net'), 'False NetworksUnknown');
    assert.ok(
      bed.condition(['Network', 'k8s-net'], 'Ready')?.message.includes(`"lost" cannot be read: ${why}`),
    );
    assert.equal(bed.condition(['Network', 'k8s-net'], 'Synced')?.reason, 'NetworksUnknown');

    delete bed.world.refuse;
    await bed.pass('Network', 'k8s-net');
    assert.equal(bed.ready('Network', 'k8s-net'), 'True Active');
  });

  it('is in no other way: a running Network gets its Nodes, and stays Ready while another bridge waits', async () => {
    const bed = await createLab('a');
    lose(bed);
    bed.apply('Node', 'b');
    await bed.converge();
    bed.apply('Network', 'k8s-net', { bridge: { name: 'virbr2' } });
    bed.apply('Node', 'c');
    await bed.converge();

    assert.deepEqual([...bed.world.domains.keys()], ['a', 'b', 'c']);
    assert.equal(bed.condition(['Network', 'k8s-net'], 'EntriesLive')?.status, 'True');
    assert.equal(bed.ready('Network', 'k8s-net'), 'True Active');
    assert.equal(bed.condition(['Network', 'k8s-net'], 'Synced')?.reason, 'NetworksUnknown');
    assert.ok(!bed.world.calls.includes('destroyNetwork k8s-net'));
  });
});

describe('the reservation of a Node', () => {
  it('stays while its machine is there, whatever became of its manifest, and goes with the machine', async () => {
    const bed = await createLab('a', 'b');

    bed.store.remove('Node', 'b');
    await bed.converge();
    assert.deepEqual(
      reserved(bed).map((each) => each.split(' ')[0]),
      ['a', 'b'],
    );

    bed.world.domains.delete('b');
    await bed.clock.advance(1000);
    await bed.converge();
    assert.deepEqual(
      reserved(bed).map((each) => each.split(' ')[0]),
      ['a'],
    );
  });

  it('stays while its manifest contradicts another one, and does not follow it', async () => {
    const bed = await createLab('a');
    const before = reserved(bed);
    bed.condemned.add('Node/a');
    bed.apply('Node', 'a', { networks: [{ network: 'k8s-net', address: '192.168.111.99' }] });
    bed.world.domains.delete('a');

    await bed.pass('Network', 'k8s-net');

    assert.deepEqual([reserved(bed), bed.world.calls], [before, []]);
  });

  it('is refused with its reason, in the status of the Network and of the Node, while others are served', async () => {
    const bed = createBed();
    bed.apply('Network', 'k8s-net', { dhcp: { start: '192.168.111.8', end: '192.168.111.8' } });
    bed.apply('Image', 'debian');
    for (const name of ['a', 'b']) bed.apply('Node', name);

    await bed.converge();

    assert.deepEqual(
      bed.object('Network', 'k8s-net').status.refusals?.map(({ node, reason }) => [node, reason]),
      [['b', 'RangeExhausted']],
    );
    assert.match(
      bed.condition(['Network', 'k8s-net'], 'ClaimsRefused')?.message ?? '',
      /^b: cannot allocate/,
    );
    assert.deepEqual(
      [bed.ready('Node', 'b'), [...bed.world.domains.keys()]],
      ['False RangeExhausted', ['a']],
    );
  });
});
