import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReasonedError } from '../../../src/api/errors.ts';
import { parseDomain, type DomainModel } from '../../../src/api/libvirt/domain.ts';
import { boot, callsFor, createLab, withNode, type Bed } from '../bed.ts';
import { rawLibvirt } from '../fakes.ts';
import type { FakeDomain } from '../../libvirt/state.ts';

function domain(bed: Bed, name: string): FakeDomain {
  const found = bed.world.domains.get(name);
  assert.ok(found);
  return found;
}

function model(bed: Bed, name: string): DomainModel {
  return parseDomain(domain(bed, name).xml).model;
}

function addressOf(bed: Bed, name: string): string {
  return bed.object('Node', name).status.address ?? '';
}

/** Does to the leases what dnsmasq and the guests would do after each `renewLease` call since the last time. */
function answerRenewals(bed: Bed): number {
  const asked = bed.world.calls.splice(0).filter((call) => call.startsWith('renewLease '));
  for (const call of asked) {
    const from = call.split(' ')[1] ?? '';
    const lease = bed.world.leases.find(({ ip }) => ip === from);
    const entries = bed.object('Network', 'k8s-net').status.entries ?? [];
    const wanted = entries.find(({ mac }) => mac === lease?.mac)?.ip ?? '';
    const taken = bed.world.leases.some(({ ip }) => ip === wanted);
    assert.ok(lease);
    lease.ip = taken ? from.replace(/\d+$/, (last) => String(200 + (Number(last) % 50))) : wanted;
    const guest = bed.world.guests.get(from);
    assert.ok(guest);
    bed.world.guests.delete(from);
    bed.world.guests.set(lease.ip, guest);
    const held = bed.world.leases.map(({ ip }) => ip);
    assert.equal(new Set(held).size, held.length, 'no address is ever held twice');
  }
  return asked.length;
}

async function settleMoves(bed: Bed): Promise<number[]> {
  const rounds: number[] = [];
  for (let round = 0; round < 8; round++) {
    await bed.converge();
    rounds.push(answerRenewals(bed));
    await bed.clock.advance(1000);
  }
  return rounds;
}

function moveTo(bed: Bed, name: string, address: string, role = 'master'): void {
  bed.apply('Node', name, { role, networks: [{ network: 'k8s-net', address }] });
}

async function masters(...names: string[]): Promise<Bed> {
  const bed = await createLab(...names);
  for (const name of names) moveTo(bed, name, addressOf(bed, name));
  await bed.converge();
  bed.world.calls.length = 0;
  return bed;
}

describe('a Node whose address changes', () => {
  it('E04: is not Ready before its guest has it and all agree; its guest is asked by ssh at the old one', async () => {
    const bed = await createLab('a');
    const old = addressOf(bed, 'a');
    moveTo(bed, 'a', '192.168.111.99');

    await bed.converge();
    assert.equal(bed.ready('Node', 'a'), 'False OtherAddress');
    assert.ok(bed.world.calls.includes(`renewLease ${old}`));

    answerRenewals(bed);
    await bed.converge();
    assert.equal(bed.ready('Node', 'a'), 'True Ready');
    assert.equal(bed.condition(['Node', 'a'], 'AddressAgreed')?.message, '192.168.111.99');
  });

  it('E04: moves one guest of a role after the other', async () => {
    const bed = await masters('a', 'b', 'c');
    for (const [index, name] of ['a', 'b', 'c'].entries()) moveTo(bed, name, `192.168.111.10${index}`);

    const rounds = await settleMoves(bed);

    assert.deepEqual([Math.max(...rounds), rounds.filter((count) => count > 0).length], [1, 3]);
    for (const name of ['a', 'b', 'c']) assert.equal(bed.ready('Node', name), 'True Ready');
  });

  for (const [what, size] of [
    ['two', 2],
    ['three', 3],
  ] as const) {
    it(`E06: is swapped among ${what} of a role, with no address ever held twice`, async () => {
      const names = ['a', 'b', 'c'].slice(0, size);
      const bed = await masters(...names);
      const before = names.map((name) => addressOf(bed, name));
      for (const [index, name] of names.entries()) moveTo(bed, name, before[(index + 1) % size] ?? '');

      await settleMoves(bed);

      assert.deepEqual(
        names.map((name) => bed.ready('Node', name)),
        names.map(() => 'True Ready'),
      );
    });
  }

  it('has its link cycled when ssh does not answer any more, and is restarted when that does not help', async () => {
    const bed = await createLab('a');
    bed.world.guests.clear();
    moveTo(bed, 'a', '192.168.111.99');
    const cycle = async (ms: number): Promise<string[]> => {
      const pass = bed.pass('Node', 'a');
      await bed.clock.advance(ms);
      await pass;
      return callsFor(bed, 'a');
    };
    await bed.pass('Network', 'k8s-net');
    await bed.pass('Vmhost', 'vmhost');

    assert.deepEqual(await cycle(5000), ['setLink', 'setLink']);
    await bed.clock.advance(40_000);
    assert.deepEqual((await cycle(0)).slice(2), ['shutdownDomain']);
  });

  it('says what did not work when its guest cannot renew, and takes the next means later', async () => {
    const bed = await createLab('a');
    moveTo(bed, 'a', '192.168.111.99');
    bed.world.broken.set('renewLease', new ReasonedError('RenewFailed', 'no sudo'));
    await bed.pass('Network', 'k8s-net');
    await bed.pass('Vmhost', 'vmhost');

    await assert.rejects(bed.pass('Node', 'a'), /no sudo/);
    await bed.pass('Node', 'a');

    assert.equal(bed.world.calls.filter((call) => call.startsWith('renewLease')).length, 1);
  });

  it('E42: goes by the newest lease of its MAC address that has not expired', async () => {
    const bed = await createLab('a');
    const { mac = '' } = bed.object('Node', 'a').status;
    const now = bed.clock.now() / 1000;
    bed.world.leases.length = 0;
    bed.world.leases.push(
      { mac, ip: '192.168.111.30', expiry: now + 10 },
      { mac, ip: '192.168.111.40', expiry: now + 99, hostname: 'other' },
      { mac, ip: addressOf(bed, 'a'), expiry: now - 1 },
    );
    bed.world.guests.set('192.168.111.40', { code: 0, stdout: '', stderr: '' });
    bed.world.guests.delete(addressOf(bed, 'a'));

    await bed.pass('Node', 'a');

    assert.match(bed.condition(['Node', 'a'], 'AddressBound')?.message ?? '', /192\.168\.111\.40/);
  });
});

describe('an address that is leased to somebody else', () => {
  it('E11: is not taken from a stranger: the guest is not started with another one, and that is told', async () => {
    const bed = withNode({ networks: [{ network: 'k8s-net', address: '192.168.111.50' }] });
    bed.world.leases.push({ mac: '52:54:00:99:99:99', ip: '192.168.111.50', expiry: 0 });

    await bed.converge();

    assert.equal(bed.ready('Node', 'a'), 'False AddressInUse');
    assert.equal(bed.condition(['Node', 'a'], 'Synced')?.reason, 'AddressInUse');
    assert.match(bed.condition(['Node', 'a'], 'Ready')?.message ?? '', /52:54:00:99:99:99/);
    assert.deepEqual(callsFor(bed, 'a'), [
      'createOverlay',
      'writeSeed',
      'defineDomain',
      'setDomainAutostart',
    ]);
    assert.equal(bed.world.leases.length, 1);
  });

  it('is released when k8slab gave it to a Node that is gone', async () => {
    const bed = await createLab('a');
    const ip = addressOf(bed, 'a');
    bed.store.remove('Node', 'a');
    bed.world.domains.delete('a');
    bed.apply('Node', 'b', { networks: [{ network: 'k8s-net', address: ip }] });
    await bed.clock.advance(1000);

    await bed.converge();

    assert.equal(bed.world.calls.filter((call) => call.startsWith('release ')).length, 1);
    assert.equal(callsFor(bed, 'b').at(-1), 'startDomain');
  });

  it('E05: is released by a guest that got another MAC address, once it is down', async () => {
    const bed = await createLab('a');
    const { address = '', mac = '' } = bed.object('Node', 'a').status;
    bed.apply('Node', 'a', {
      networks: [{ network: 'k8s-net', address, mac: '52:54:00:00:00:09' }],
      policy: { restart: 'OnAnyChange' },
    });
    await bed.converge();
    assert.deepEqual(callsFor(bed, 'a'), ['defineDomain', 'shutdownDomain']);
    assert.deepEqual(model(bed, 'a').mark?.macs, [mac, '52:54:00:00:00:09']);

    domain(bed, 'a').state = 'shutoff';
    await bed.clock.advance(1000);
    await bed.converge();

    assert.deepEqual(bed.world.calls.slice(-2), [`release ${mac} ${address}`, 'startDomain a']);
    boot(bed, 'a');
    await bed.converge();
    assert.equal(bed.ready('Node', 'a'), 'True Ready');
  });
});

describe('a guest that was changed by hand', () => {
  it('E46: gets its definition back by one define with its own UUID', async () => {
    const bed = await createLab('a');
    const before = model(bed, 'a');
    const found = domain(bed, 'a');
    found.live = found.xml;
    found.xml = found.xml
      .replace(/<vcpu.*<\/vcpu>/, '<vcpu>7</vcpu>')
      .replace('</uuid>', '</uuid><title>x</title>');

    await bed.converge();

    assert.deepEqual([callsFor(bed, 'a'), model(bed, 'a')], [['defineDomain'], before]);
    assert.match(domain(bed, 'a').xml, /<title>x<\/title>/);
    assert.equal(bed.ready('Node', 'a'), 'True Ready');
  });

  it('E46: keeps its definition when a new one is refused', async () => {
    const bed = await createLab('a');
    const before = domain(bed, 'a').xml;
    bed.world.broken.set('defineDomain', new ReasonedError('InvalidXml', 'no'));
    bed.apply('Node', 'a', { cpus: 4 });

    await assert.rejects(bed.pass('Node', 'a'), { reason: 'InvalidXml' });

    assert.equal(domain(bed, 'a').xml, before);
    assert.equal(bed.condition(['Node', 'a'], 'Synced')?.reason, 'InvalidXml');
  });

  it('is defined again when it runs without a definition', async () => {
    const bed = await createLab('a');
    rawLibvirt(bed.world).undefine('a', { managedSave: false });
    await bed.clock.advance(1000);

    await bed.converge();

    assert.deepEqual(callsFor(bed, 'a'), ['defineDomain', 'setDomainAutostart']);
    assert.equal(domain(bed, 'a').autostart, true);
  });

  it('U18: is started with the vmhost again, unless the policy is to report', async () => {
    const bed = await createLab('a');
    rawLibvirt(bed.world).autostart('a', false);
    await bed.clock.advance(1000);

    await bed.converge();
    assert.deepEqual([bed.world.calls, bed.world.drifts], [['setDomainAutostart a'], ['Node/a']]);

    bed.apply('Node', 'a', { policy: { drift: 'Report' } });
    await bed.converge();
    rawLibvirt(bed.world).autostart('a', false);
    await bed.clock.advance(1000);
    await bed.converge();
    assert.equal(bed.world.calls.filter((call) => call === 'setDomainAutostart a').length, 1);
    assert.match(bed.condition(['Node', 'a'], 'Drifted')?.message ?? '', /with the vmhost$/);
  });

  it('gets its link back', async () => {
    const bed = await createLab('a');
    const { mac } = bed.object('Node', 'a').status;
    const found = domain(bed, 'a');
    found.live = found.xml.replace(
      `<mac address="${mac ?? ''}"/>`,
      `<mac address="${mac ?? ''}"/><link state="down"/>`,
    );

    await bed.converge();

    assert.deepEqual(bed.world.calls, ['setLink up a']);
  });

  it('stays off where the policy is to report, and says so', async () => {
    const bed = await createLab('a');
    bed.apply('Node', 'a', { policy: { drift: 'Report' } });
    await bed.converge();
    domain(bed, 'a').state = 'shutoff';
    await bed.clock.advance(1000);
    bed.world.calls.length = 0;

    await bed.converge();

    assert.deepEqual(callsFor(bed, 'a'), []);
    assert.equal(bed.condition(['Node', 'a'], 'Drifted')?.status, 'True');
  });
});

describe('cpus, memory and disk of a guest', () => {
  it('E45: are in its definition at once; it runs on, is Ready, and says what waits for a restart', async () => {
    const bed = await createLab('a');
    bed.apply('Node', 'a', { cpus: 4, memory: '2Gi' });

    await bed.converge();

    assert.deepEqual([callsFor(bed, 'a'), bed.ready('Node', 'a')], [['defineDomain'], 'True Ready']);
    const pending = bed.condition(['Node', 'a'], 'RestartRequired');
    assert.equal(pending?.status, 'True');
    assert.match(pending.message, /cpus, memory/);
  });

  it('are given by a restart that is no failed start, where the policy allows it', async () => {
    const bed = await createLab('a');
    bed.apply('Node', 'a', { cpus: 4, policy: { restart: 'OnAnyChange' } });
    await bed.converge();
    assert.deepEqual(
      [callsFor(bed, 'a').at(-1), bed.ready('Node', 'a')],
      ['shutdownDomain', 'False ShuttingDown'],
    );

    domain(bed, 'a').state = 'shutoff';
    await bed.clock.advance(1000);
    await bed.converge();

    assert.equal(callsFor(bed, 'a').at(-1), 'startDomain');
    assert.equal(bed.condition(['Node', 'a'], 'RestartRequired'), undefined);
    assert.equal(bed.condition(['Node', 'a'], 'Drifted'), undefined);
  });

  it('E48: are not waited for by a guest that never goes down: it loses its plug and comes up with them', async () => {
    const bed = await createLab('a');
    bed.apply('Node', 'a', { cpus: 4, policy: { restart: 'OnAnyChange' } });

    for (let seconds = 0; seconds <= 150; seconds += 30) {
      await bed.converge();
      await bed.clock.advance(30_000);
    }
    await bed.converge();

    const calls = callsFor(bed, 'a').filter((call) => call !== 'defineDomain');
    assert.deepEqual(new Set(calls.slice(0, -2)), new Set(['shutdownDomain']));
    assert.deepEqual(calls.slice(-2), ['destroyDomain', 'startDomain']);
  });

  it('let the disk grow while the guest runs, and never shrink', async () => {
    const bed = await createLab('a');
    bed.world.disks.set('a', { exists: true, ours: true, whole: true, size: 2 ** 30 });
    bed.apply('Node', 'a', { disk: { image: 'debian', size: '2Gi' } });
    await bed.converge();
    assert.deepEqual(callsFor(bed, 'a'), ['growDisk']);

    bed.apply('Node', 'a', { disk: { image: 'debian', size: '1Gi' } });
    await bed.converge();

    assert.deepEqual(callsFor(bed, 'a'), ['growDisk']);
    assert.equal(bed.condition(['Node', 'a'], 'DiskShrinkRefused')?.status, 'True');
    assert.equal(bed.ready('Node', 'a'), 'True Ready');
  });

  it('are changed by one guest of a role at a time', async () => {
    const bed = await createLab('a', 'b');
    for (const name of ['a', 'b'])
      bed.apply('Node', name, { role: 'master', cpus: 4, policy: { restart: 'OnAnyChange' } });

    await bed.converge();

    const shut = bed.world.calls.filter((call) => call.startsWith('shutdownDomain'));
    assert.equal(shut.length, 1);
    const [first, second] = shut[0] === 'shutdownDomain a' ? ['a', 'b'] : ['b', 'a'];
    assert.equal(bed.condition(['Node', second], 'RestartRequired')?.reason, 'RolloutWaiting');
    assert.equal(bed.ready('Node', second), 'True Ready');
    domain(bed, first).state = 'shutoff';
    await bed.clock.advance(1000);
    await bed.converge();

    assert.equal(bed.ready('Node', first), 'True Ready');
    assert.equal(bed.world.calls.at(-1), `shutdownDomain ${second}`);
  });
});

describe('a Node that is made anew', () => {
  it('E38: has the MAC address, address and name that it had before', async () => {
    const bed = await createLab('a', 'b');
    const { mac, address, fqdn } = bed.object('Node', 'b').status;
    bed.store.remove('Node', 'b');
    bed.world.domains.delete('b');
    await bed.clock.advance(1000);
    await bed.converge();

    bed.apply('Node', 'b');
    await bed.converge();

    const again = bed.object('Node', 'b').status;
    assert.deepEqual([again.mac, again.address, again.fqdn], [mac, address, fqdn]);
  });
});
