import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReasonedError } from '../../../src/api/errors.ts';
import { createBed, createLab, PATHS, type Bed } from '../bed.ts';

const HOSTS = '127.0.0.1 localhost\n';

function file(bed: Bed, path: keyof typeof PATHS): string {
  return bed.world.files.get(PATHS[path]) ?? '';
}

function writes(bed: Bed): string[] {
  return bed.world.calls
    .filter((call) => call.startsWith('writeFile'))
    .map((call) => call.slice('writeFile '.length));
}

describe("the vmhost's files", () => {
  it('name every Node with its address, names, user and key', async () => {
    const bed = createBed();
    bed.world.files.set(PATHS.hosts, HOSTS);
    bed.apply('Network', 'k8s-net');
    bed.apply('Image', 'debian');
    bed.apply('Node', 'a', { role: 'master', dnsAliases: ['api'], ssh: { user: 'centos' } });

    await bed.converge();

    assert.match(
      file(bed, 'hosts'),
      /^127\.0\.0\.1 localhost\n# BEGIN.*\n192\.168\.111\.2 a\.k8s-thw\.local a api\.k8s-thw\.local\n/,
    );
    assert.match(
      file(bed, 'inventory'),
      /\[master\]\na\.k8s-thw\.local ansible_host=192\.168\.111\.2 ansible_user=centos/,
    );
    assert.match(
      file(bed, 'knownHosts'),
      /^a,a\.k8s-thw\.local,api\.k8s-thw\.local,192\.168\.111\.2 ssh-ed25519 AAAAa$/m,
    );
    assert.match(file(bed, 'sshConfig'), /Host a a\.k8s-thw\.local/);
    assert.equal(bed.ready('Vmhost', 'vmhost'), 'True Written');
  });

  it('E82: group the guests by role, roles and guests by name, in whatever order they came', async () => {
    const bed = createBed();
    bed.apply('Network', 'k8s-net');
    bed.apply('Image', 'debian');
    for (const [name, role] of Object.entries({ w: 'worker', d: 'master', a: 'worker', c: 'master' })) {
      bed.apply('Node', name, { role });
    }

    await bed.converge();

    const lines = file(bed, 'inventory').match(/^(\[(?!all).*\]|[a-z](?=\.k8s-thw))/gm);
    assert.deepEqual(lines, ['[master]', 'c', 'd', '[worker]', 'a', 'w']);
    assert.ok(file(bed, 'inventory').includes(`UserKnownHostsFile=${PATHS.knownHosts}`));
  });

  it('keep the mode that others gave them, and are readable where k8slab makes them', async () => {
    const bed = createBed();
    bed.world.files.set(PATHS.hosts, HOSTS);
    bed.apply('Network', 'k8s-net');
    bed.apply('Node', 'a');
    bed.apply('Image', 'debian');

    await bed.converge();

    assert.ok(writes(bed).includes(PATHS.hosts));
    assert.ok(writes(bed).includes(`${PATHS.inventory} 644`));
  });

  it('R9: name a Node that was not looked at as before, and follow all others', async () => {
    const lab = await createLab('a', 'b');
    const bed = createBed({ world: lab.world });
    bed.apply('Network', 'k8s-net');
    bed.apply('Image', 'debian');
    for (const name of ['a', 'b']) bed.apply('Node', name);

    await bed.pass('Vmhost', 'vmhost');
    assert.deepEqual([bed.ready('Vmhost', 'vmhost'), bed.world.calls], ['True Written', []]);
    assert.match(bed.condition(['Vmhost', 'vmhost'], 'Ready')?.message ?? '', /not looked at yet: a, b$/);

    bed.apply('Node', 'b', { role: 'worker', dnsAliases: ['api'] });
    await bed.pass('Network', 'k8s-net');
    await bed.pass('Node', 'b');
    await bed.pass('Vmhost', 'vmhost');

    assert.match(file(bed, 'hosts'), /^192\.168\.111\.3 b\.k8s-thw\.local b api\.k8s-thw\.local$/m);
    assert.match(file(bed, 'knownHosts'), /^a,.* ssh-ed25519 AAAAa$/m);
    assert.match(bed.condition(['Vmhost', 'vmhost'], 'Ready')?.message ?? '', /not looked at yet: a$/);
  });

  it('F11: are written each by itself: one that cannot be is told, and holds up no other', async () => {
    const bed = await createLab('a');
    bed.world.broken.set(`writeFile ${PATHS.hosts}`, new ReasonedError('ReadOnlyFileSystem', 'cannot write'));
    bed.apply('Node', 'b');
    for (const [kind, name] of [
      ['Network', 'k8s-net'],
      ['Node', 'b'],
    ] as const)
      await bed.pass(kind, name);

    await assert.rejects(bed.pass('Vmhost', 'vmhost'), { reason: 'ReadOnlyFileSystem' });

    assert.equal(bed.ready('Vmhost', 'vmhost'), 'False ReadOnlyFileSystem');
    for (const path of ['inventory', 'sshConfig'] as const) assert.match(file(bed, path), /\bb\.k8s-thw/);
  });

  it('R5: are not written over what somebody else wrote since they were looked at', async () => {
    const bed = await createLab('a');
    bed.world.files.set(PATHS.hosts, HOSTS);
    const edited = `${HOSTS}10.0.0.9 mine\n`;
    const read = bed.world.files.get.bind(bed.world.files);
    let reads = 0;
    bed.world.files.get = (path) => {
      if (path === PATHS.hosts && ++reads === 2) bed.world.files.set(path, edited);
      return read(path);
    };

    await bed.converge();

    assert.ok(file(bed, 'hosts').startsWith(`${edited}# BEGIN`));
  });

  it('R15: are told to the dnsmasq of every network, whichever of them cannot be told, and one that does not run needs none', async () => {
    const bed = await createLab('a');
    bed.world.files.set(PATHS.hosts, HOSTS);
    bed.apply('Network', 'other', {
      cidr: '192.168.112.0/24',
      domain: 'other.local',
      bridge: { name: 'virbr2' },
    });
    await bed.converge();
    bed.world.files.set(PATHS.hosts, HOSTS);
    bed.world.dnsmasqs.reload = (network) => {
      if (network === 'k8s-net') throw new ReasonedError('IoError', 'cannot reload dnsmasq');
      return false;
    };
    bed.world.calls.length = 0;

    await assert.rejects(bed.pass('Vmhost', 'vmhost'), { reason: 'IoError' });

    assert.deepEqual(bed.world.calls, [`writeFile ${PATHS.hosts}`, 'reload k8s-net', 'reload other']);
    assert.match(file(bed, 'hosts'), /a\.k8s-thw\.local/);
    await bed.pass('Vmhost', 'vmhost');
    assert.equal(bed.ready('Vmhost', 'vmhost'), 'True Written');
  });

  it('lose a Node with its entry in the network, and follow its address', async () => {
    const bed = await createLab('a', 'b');
    bed.apply('Node', 'a', { networks: [{ network: 'k8s-net', address: '192.168.111.99' }] });
    bed.store.remove('Node', 'b');

    await bed.converge();

    assert.match(file(bed, 'hosts'), /^192\.168\.111\.99 a\.k8s-thw\.local a$/m);
    assert.equal(file(bed, 'hosts').match(/k8s-thw\.local/g)?.length, 1);
    for (const path of ['hosts', 'inventory', 'sshConfig', 'knownHosts'] as const) {
      assert.doesNotMatch(file(bed, path), /\bb\.k8s-thw/, path);
    }
  });

  it('keep what they say of a Node while its manifest contradicts another one', async () => {
    const bed = await createLab('a');
    const before = new Map(bed.world.files);
    bed.condemned.add('Node/a');

    await bed.converge();

    assert.deepEqual(bed.world.files, before);
  });

  it('leave out a Node that wants no entry', async () => {
    const bed = await createLab('a', 'b');
    bed.apply('Node', 'b', { hostsEntry: false });

    await bed.converge();

    assert.doesNotMatch(file(bed, 'hosts'), /\bb\b/);
    assert.doesNotMatch(file(bed, 'inventory'), /^b\b/m);
  });

  it('E82: of others are not overwritten, which is told, and the others are written', async () => {
    const bed = createBed();
    bed.world.files.set(PATHS.inventory, '[mine]\n');
    bed.apply('Network', 'k8s-net');
    bed.apply('Image', 'debian');
    bed.apply('Node', 'a');

    await bed.converge();

    assert.equal(file(bed, 'inventory'), '[mine]\n');
    assert.match(file(bed, 'hosts'), /a\.k8s-thw\.local/);
    assert.equal(bed.ready('Vmhost', 'vmhost'), 'False ForeignFile');
    assert.equal(bed.condition(['Vmhost', 'vmhost'], 'Synced')?.reason, 'ForeignFile');
    assert.ok(bed.condition(['Vmhost', 'vmhost'], 'Ready')?.message.includes(PATHS.inventory));

    bed.world.files.delete(PATHS.inventory);
    await bed.converge();
    assert.equal(bed.ready('Vmhost', 'vmhost'), 'True Written');
  });

  it('E77: that somebody edited are mended, and nothing but our part of them', async () => {
    const bed = await createLab('a');
    const text = file(bed, 'hosts');
    bed.world.files.set(PATHS.hosts, `# mine\n${text.replace('192.168', '10.0')}`);

    await bed.converge();

    assert.deepEqual([file(bed, 'hosts'), writes(bed)], [`# mine\n${text}`, [PATHS.hosts]]);
  });

  it('are written once, and not at every pass', async () => {
    const bed = await createLab('a', 'b');

    await bed.converge();

    assert.deepEqual(writes(bed), []);
  });
});

describe('the Vmhost', () => {
  it('says what libvirt offers', async () => {
    const bed = createBed();

    await bed.converge();

    const { libvirtVersion, arch, domainType } = bed.object('Vmhost', 'vmhost').status;
    assert.deepEqual([libvirtVersion, arch, domainType], ['9.0.0', 'x86_64', 'qemu']);
  });

  it('has the domain type of the configuration, whatever libvirt offers', async () => {
    const bed = createBed({ domainType: 'kvm' });

    await bed.converge();

    assert.equal(bed.object('Vmhost', 'vmhost').status.domainType, 'kvm');
  });

  it('keeps what it knows while libvirt does not answer', async () => {
    const bed = await createLab('a');
    bed.world.broken.set('capabilities', new ReasonedError('LibvirtUnreachable', 'cannot reach libvirt'));
    bed.world.files.delete(PATHS.inventory);

    await assert.rejects(bed.pass('Vmhost', 'vmhost'));

    assert.deepEqual([bed.ready('Vmhost', 'vmhost'), writes(bed)], ['Unknown LibvirtUnreachable', []]);
    assert.equal(bed.object('Vmhost', 'vmhost').status.domainType, 'qemu');
  });

  it('says why a file could not be written', async () => {
    const bed = createBed();
    bed.world.broken.set(
      'writeFile',
      new ReasonedError('ReadOnlyFileSystem', 'cannot write file "/etc/hosts"'),
    );

    await assert.rejects(bed.converge());

    assert.equal(bed.ready('Vmhost', 'vmhost'), 'False ReadOnlyFileSystem');
  });
});
