import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReasonedError } from '../../../src/api/errors.ts';
import { parseDomain } from '../../../src/api/libvirt/domain.ts';
import { boot, callsFor, createLab, withNode, type Bed } from '../bed.ts';

describe('a running guest', () => {
  it('of another address than its manifest has since is not Ready before it uses the new one', async () => {
    const bed = await createLab('a');
    const old = bed.object('Node', 'a').status.address ?? '';
    bed.apply('Node', 'a', { networks: [{ network: 'k8s-net', address: '192.168.111.99' }] });

    await bed.converge();
    assert.equal(bed.ready('Node', 'a'), 'False OtherAddress');
    assert.ok(bed.condition(['Node', 'a'], 'Ready')?.message.includes(old));
    assert.deepEqual(callsFor(bed, 'a'), []);

    boot(bed, 'a');
    await bed.converge();
    assert.equal(bed.ready('Node', 'a'), 'True Ready');
    assert.equal(bed.object('Node', 'a').status.address, '192.168.111.99');
  });

  it('with an expired lease of its address, or one of another guest, is not bound', async () => {
    const bed = withNode();
    await bed.converge();
    const { address: ip = '', mac = '' } = bed.object('Node', 'a').status;
    const now = bed.clock.now() / 1000;
    bed.world.leases.push({ mac, ip, expiry: now - 1 }, { mac: '52:54:00:00:00:99', ip, expiry: now + 100 });

    await bed.pass('Node', 'a');

    assert.equal(bed.ready('Node', 'a'), 'False NoLease');
  });

  it('of a static address is found by ssh once it had the time to ask for a lease', async () => {
    const bed = withNode();
    await bed.converge();
    boot(bed, 'a');
    bed.world.leases.length = 0;
    await bed.pass('Node', 'a');
    assert.equal(bed.ready('Node', 'a'), 'False NoLease');

    await bed.clock.advance(60_000);
    await bed.pass('Node', 'a');

    assert.equal(bed.ready('Node', 'a'), 'True Ready');
  });

  for (const [what, answer, expected] of [
    ['another host key', new ReasonedError('HostKeyMismatch', 'another key'), 'False HostKeyMismatch'],
    ['no ssh', new ReasonedError('Unreachable', 'connection refused'), 'False Unreachable'],
    ['cloud-init at work', { code: 3, stdout: '', stderr: '' }, 'False InProgress'],
    [
      'an error of cloud-init',
      { code: 0, stdout: '{"v1":{"errors":["no space"]}}', stderr: '' },
      'False ProvisioningFailed',
    ],
  ] as const) {
    it(`with ${what} is not Ready, and nothing is done about it`, async () => {
      const bed = await createLab('a');
      bed.world.guests.set(bed.object('Node', 'a').status.address ?? '', answer);

      await bed.converge();

      assert.deepEqual([bed.ready('Node', 'a'), bed.world.calls], [expected, []]);
    });
  }

  it('E47: is not restarted for new settings, which are told', async () => {
    const bed = await createLab('a');
    bed.apply('Node', 'a', { cloudInit: { commands: ['echo other'] } });

    await bed.converge();

    assert.deepEqual(bed.world.calls, []);
    assert.equal(bed.condition(['Node', 'a'], 'CloudInitDrifted')?.status, 'True');
    assert.equal(bed.ready('Node', 'a'), 'True Ready');
  });

  it('whose network no longer wants it says so, and runs on', async () => {
    const bed = await createLab('a');
    bed.store.remove('Network', 'k8s-net');

    await bed.converge();

    assert.equal(bed.ready('Node', 'a'), 'False NetworkNotFound');
    assert.equal(bed.world.domains.get('a')?.state, 'running');
  });

  it('is neither Ready nor not while libvirt does not answer', async () => {
    const bed = await createLab('a');
    bed.world.broken.set('domains', new ReasonedError('LibvirtUnreachable', 'cannot reach libvirt'));
    await bed.clock.advance(1000);

    await assert.rejects(bed.pass('Node', 'a'));

    assert.equal(bed.ready('Node', 'a'), 'Unknown LibvirtUnreachable');
    assert.equal(bed.condition(['Node', 'a'], 'Running')?.status, 'True');
  });
});

describe('a guest without a lease', () => {
  it('is said to be on its way at first, and to be looked at on its console when that takes long', async () => {
    const bed = withNode();
    await bed.converge();
    const told = (): string => bed.condition(['Node', 'a'], 'AddressBound')?.message ?? '';

    assert.doesNotMatch(told(), /console/);
    await bed.clock.advance(15 * 60_000);
    await bed.pass('Node', 'a');

    assert.match(told(), /1[45] min after its start; look at what it prints: k8slab logs a/);
  });
});

describe('a Node whose power is Stopped', () => {
  it('E44: is asked to shut down once, waits, and is Ready when it is off', async () => {
    const bed = await createLab('a');
    bed.apply('Node', 'a', { power: 'Stopped' });

    await bed.converge();
    assert.deepEqual(
      [bed.ready('Node', 'a'), bed.world.calls],
      ['False ShuttingDown', ['setDomainAutostart a', 'shutdownDomain a']],
    );
    await bed.clock.advance(30_000);
    await bed.pass('Node', 'a');
    assert.deepEqual(bed.world.calls.slice(1), ['shutdownDomain a', 'shutdownDomain a']);

    bed.world.domains.set('a', { xml: bed.world.domains.get('a')?.xml ?? '', state: 'shutoff' });
    await bed.clock.advance(1000);
    await bed.converge();
    assert.equal(bed.ready('Node', 'a'), 'True Stopped');
    assert.equal(bed.world.calls.length, 3);
  });

  it('is defined and not started', async () => {
    const bed = withNode({ power: 'Stopped' });

    await bed.converge();

    assert.deepEqual(callsFor(bed, 'a'), ['createOverlay', 'writeSeed', 'defineDomain']);
    assert.equal(bed.ready('Node', 'a'), 'True Stopped');
  });
});

describe('the disk of a Node', () => {
  it('is copied from another Node once that one is Ready, while that one runs or is off', async () => {
    for (const [power, call] of [
      ['Running', 'beginBackup'],
      ['Stopped', 'createCopy'],
    ] as const) {
      const bed = await createLab('a');
      bed.apply('Node', 'a', { power });
      const domain = bed.world.domains.get('a');
      assert.ok(domain);
      if (power === 'Stopped') domain.state = 'shutoff';
      await bed.clock.advance(1000);
      await bed.converge();
      bed.apply('Node', 'b', { disk: { cloneOf: 'a' } });

      await bed.converge();

      assert.ok(
        bed.world.calls.some((each) => each.startsWith(call)),
        bed.world.calls.join(),
      );
      assert.deepEqual(callsFor(bed, 'b').slice(-4), [
        'writeSeed',
        'defineDomain',
        'setDomainAutostart',
        'startDomain',
      ]);
      assert.match([...bed.world.files.values()].join(), /k8slab-machine-id/);
    }
  });

  it('that the manifest names is used where it is, once it is there', async () => {
    const bed = withNode({ disk: { path: '/srv/a.qcow2' } });
    await bed.converge();
    assert.equal(bed.ready('Node', 'a'), 'False DiskMissing');

    bed.world.files.set('/srv/a.qcow2', '');
    await bed.converge();

    assert.deepEqual(callsFor(bed, 'a'), ['writeSeed', 'defineDomain', 'setDomainAutostart', 'startDomain']);
    assert.equal(parseDomain(bed.world.domains.get('a')?.xml ?? '').model.disks[0]?.file, '/srv/a.qcow2');
  });
});

describe('what a Node is defined with', () => {
  it('E102: is the domain type of the vmhost, unless its manifest says another', async () => {
    const bed = withNode();
    bed.apply('Node', 'b', { domainType: 'kvm' });

    await bed.converge();

    const { a, b } = { a: bed.object('Node', 'a').status, b: bed.object('Node', 'b').status };
    assert.deepEqual([a.domainType, b.domainType], ['qemu', 'kvm']);
  });

  it('is its host key in public; the secret one is in the seed and nowhere else', async () => {
    const bed = await createLab('a');

    assert.equal(bed.object('Node', 'a').status.sshHostKey, 'ssh-ed25519 AAAAa');
    assert.match([...bed.world.files].filter(([path]) => path.startsWith('/seeds/')).join(), /secret of a/);
    const seen = JSON.stringify([bed.store.all(), [...bed.world.domains], [...bed.world.networks]]);
    assert.doesNotMatch(seen, /secret/);
    for (const [path, text] of bed.world.files)
      if (!path.startsWith('/seeds/')) assert.doesNotMatch(text, /secret/);
  });

  it('is the seed that was written for it', async () => {
    const bed = await createLab('a');

    const [, seed] = parseDomain(bed.world.domains.get('a')?.xml ?? '').model.disks;
    assert.ok(bed.world.files.has(seed?.file ?? ''));
  });
});

describe('the disk of a Node that went and comes back', () => {
  async function comesBack(fields: Record<string, unknown>): Promise<Bed> {
    const bed = withNode();
    bed.apply('Image', 'other', { source: '/srv/images/other.qcow2' });
    await bed.converge();
    boot(bed, 'a');
    await bed.converge();
    // As the removal leaves it with reclaim: Retain.
    bed.world.domains.delete('a');
    bed.store.remove('Node', 'a');
    await bed.clock.advance(1000);
    bed.apply('Node', 'a', fields);
    await bed.converge();
    return bed;
  }

  it('R21: is used again, and what its guest does not have of the new manifest is told', async () => {
    const bed = await comesBack({ disk: { image: 'other' }, cloudInit: { commands: ['echo other'] } });

    assert.equal(bed.ready('Node', 'a'), 'True Ready');
    assert.equal(callsFor(bed, 'a').filter((call) => call === 'createOverlay').length, 1);
    for (const type of ['DiskSourceDiffers', 'CloudInitDrifted'])
      assert.equal(bed.condition(['Node', 'a'], type)?.status, 'True', type);
    const [, seed] = parseDomain(bed.world.domains.get('a')?.xml ?? '').model.disks;
    assert.ok(bed.world.files.has(seed?.file ?? ''), 'its seed is the one that was written');
  });

  it('is used again without a word where the manifest is the same', async () => {
    const bed = await comesBack({});

    for (const type of ['DiskSourceDiffers', 'CloudInitDrifted'])
      assert.equal(bed.condition(['Node', 'a'], type), undefined, type);
  });
});

describe('the format of a disk that a guest can write', () => {
  const formatOf = (bed: Bed): string | undefined =>
    parseDomain(bed.world.domains.get('a')?.xml ?? '').model.disks[0]?.format;

  it('R2: is taken once, and is what it was when the content looks otherwise later', async () => {
    const bed = withNode({ disk: { path: '/srv/a.img' } });
    bed.world.files.set('/srv/a.img', 'raw');
    await bed.converge();
    assert.equal(formatOf(bed), 'raw');
    assert.equal(parseDomain(bed.world.domains.get('a')?.xml ?? '').model.mark?.diskFormat, 'raw');
    bed.world.looked.length = 0;

    bed.world.files.set('/srv/a.img', 'qcow2');
    const domain = bed.world.domains.get('a');
    assert.ok(domain);
    domain.xml = domain.xml.replace(/<disk(?:(?!<disk)[^])*vda[^]*?<\/disk>/, '');
    await bed.clock.advance(1000);
    await bed.converge();

    assert.equal(formatOf(bed), 'raw');
    assert.deepEqual(new Set(bed.world.looked), new Set(['/srv/a.img raw']));
  });

  it('is the one that the manifest says', async () => {
    const bed = withNode({ disk: { path: '/srv/a.img', format: 'raw' } });
    bed.world.files.set('/srv/a.img', 'qcow2');

    await bed.converge();

    assert.equal(formatOf(bed), 'raw');
  });

  it('of a clone is that of the definition it is cloned from', async () => {
    const bed = withNode({ disk: { path: '/srv/a.img', format: 'raw' }, power: 'Stopped' });
    bed.world.files.set('/srv/a.img', 'qcow2');
    await bed.converge();
    bed.apply('Node', 'b', { disk: { cloneOf: 'a' } });

    await bed.converge();

    assert.ok(bed.world.looked.includes('copy /srv/a.img raw'));
  });
});

describe('the leases of a network', () => {
  it('are not walked by a pass over one of its Nodes, whether its guest is at home, away or shut out', async () => {
    const bed = await createLab('a', 'b', 'c');
    bed.apply('Node', 'c', { power: 'Stopped' });
    for (const name of ['a', 'b']) bed.apply('Node', name, { role: 'master' });
    const home = bed.object('Node', 'a').status.address ?? '';
    const [lease] = bed.world.leases;
    assert.ok(lease);
    lease.ip = '192.168.111.240';
    bed.world.leases.push({ mac: '52:54:00:99:99:99', ip: home, expiry: 0 });
    const asked = bed.world.counts.get('leases');
    assert.ok(asked !== undefined && asked > 0);

    for (const name of ['a', 'b', 'c']) await bed.pass('Node', name);

    assert.equal(bed.world.counts.get('leases'), asked);
    assert.equal(bed.condition(['Node', 'a'], 'AddressAgreed')?.reason, 'LeaseDiffers');
    assert.equal(bed.ready('Node', 'b'), 'True Ready');
  });
});

describe('a copy of a running guest', () => {
  it('R20: that fails leaves nothing behind', async () => {
    const bed = await createLab('a');
    bed.world.broken.set('adoptCopy', new ReasonedError('NoSpace', 'no space left'));
    bed.apply('Node', 'b', { disk: { cloneOf: 'a' } });

    await assert.rejects(bed.converge(), { reason: 'NoSpace' });

    assert.deepEqual(callsFor(bed, 'b'), ['adoptCopy', 'discardTemp']);
  });
});
