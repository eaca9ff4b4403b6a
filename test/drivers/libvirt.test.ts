import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createLibvirt, createVirsh } from '../../src/drivers/libvirt.ts';
import type { Libvirt, VirshCall } from '../../src/drivers/libvirt.ts';
import { TEST_URI } from './virsh/support.ts';

/** Names that libvirt allows and that something on the way might trip over. */
const ODD_NAMES = [
  'a b',
  ' lead',
  'tail ',
  '1',
  '+1',
  '--all',
  '#c',
  'e;f',
  `q'u"o`,
  "it': x",
  'x\\y',
  '動作中',
  '6695eb01-f6a4-8304-79aa-97f2502e193f',
];

function networkXml(name: string, inside = ''): string {
  return `<network><name>${name}</name><bridge name='virbr7'/><dns/><ip address='10.9.9.1' netmask='255.255.255.0'><dhcp><range start='10.9.9.8' end='10.9.9.90'/>${inside}</dhcp></ip></network>`;
}

function domainXml(name: string): string {
  const escaped = name.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<domain type='test'><name>${escaped}</name><memory>1024</memory><os><type>hvm</type></os></domain>`;
}

describe('libvirt (on its test driver, one session)', () => {
  let dir = '';
  let libvirt: Libvirt;
  const calls: VirshCall[] = [];
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'libvirt-test-'));
    const virsh = createVirsh({ uri: TEST_URI, size: 1, onCall: (call) => calls.push(call) });
    libvirt = createLibvirt({ virsh, xmlDir: join(dir, 'xml') });
  });
  after(async () => {
    await libvirt.dispose();
    await rm(dir, { recursive: true });
  });

  it('tells version and capabilities', async () => {
    assert.match(await libvirt.version(), /^\d+\.\d+\.\d+$/);
    assert.match(await libvirt.capabilities(), /^<capabilities>/);
  });

  it('U16: tells of a definition by the name in it, not by a temporary file', async () => {
    calls.length = 0;
    await libvirt.defineNetwork(networkXml('told'));
    await libvirt.defineDomain(domainXml('told'));
    await libvirt.undefineNetwork('told');
    await libvirt.undefineDomain('told', { nvram: false } as never);

    const argv = calls
      .filter(({ op }) => op.endsWith('define') && !op.includes('undefine'))
      .map((call) => call.argv);
    assert.deepEqual(argv, [
      ['net-define', '--file', 'told'],
      ['define', '--file', 'told'],
    ]);
  });

  it('takes a network through its life, each step twice', async () => {
    async function network(): Promise<unknown> {
      const found = (await libvirt.networks()).find(({ name }) => name === 'k8s-net');
      return found && [found.active, found.persistent, found.autostart];
    }

    await libvirt.defineNetwork(networkXml('k8s-net'));
    const { uuid } = (await libvirt.networks()).find(({ name }) => name === 'k8s-net') ?? {};
    await libvirt.defineNetwork(
      networkXml('k8s-net').replace('<bridge', `<uuid>${uuid ?? ''}</uuid><bridge`),
    );
    assert.deepEqual(await network(), [false, true, false]);
    for (const on of [true, true]) await libvirt.setNetworkAutostart('k8s-net', on);
    for (const step of ['startNetwork', 'startNetwork'] as const) await libvirt[step]('k8s-net');
    assert.deepEqual(await network(), [true, true, true]);
    for (const on of [false, false]) await libvirt.setNetworkAutostart('k8s-net', on);
    for (const step of ['destroyNetwork', 'destroyNetwork'] as const) await libvirt[step]('k8s-net');
    assert.deepEqual(await network(), [false, true, false]);
    for (const step of ['undefineNetwork', 'undefineNetwork'] as const) await libvirt[step]('k8s-net');
    assert.equal(await network(), undefined);
  });

  it('updates a running network, and nothing where no side of it is named', async () => {
    const xml = "<host mac='52:54:00:00:00:01' name='a' ip='10.9.9.9'/>";
    const update = { network: 'up', command: 'add', section: 'ip-dhcp-host', xml, parentIndex: 0 } as const;
    await libvirt.defineNetwork(networkXml('up'));
    await libvirt.startNetwork('up');

    await libvirt.updateNetwork({ ...update, live: true, config: false });
    assert.match((await libvirt.networkXml('up', { inactive: false })) ?? '', /name='a' ip='10.9.9.9'/);
    await assert.rejects(libvirt.updateNetwork({ ...update, live: true, config: false }), {
      reason: 'AlreadyExists',
    });
    calls.length = 0;
    await libvirt.updateNetwork({ ...update, live: false, config: false });
    assert.deepEqual(calls, []);
  });

  it('E18: finds a reservation its <ip> in a network of two families only when it is told which', async () => {
    const v6 = `<ip family='ipv6' address='fd00::1' prefix='64'><dhcp><range start='fd00::8' end='fd00::9'/></dhcp></ip>`;
    const xml = "<host mac='52:54:00:00:00:01' name='a' ip='10.9.9.9'/>";
    const update = { network: 'dual', command: 'add', section: 'ip-dhcp-host', xml } as const;
    await libvirt.defineNetwork(networkXml('dual').replace('<ip ', `${v6}<ip `));
    await libvirt.startNetwork('dual');

    await assert.rejects(libvirt.updateNetwork({ ...update, live: true, config: false }));
    await libvirt.updateNetwork({ ...update, live: true, config: false, parentIndex: 1 });

    assert.match((await libvirt.networkXml('dual', { inactive: false })) ?? '', /name='a' ip='10.9.9.9'/);
  });

  it('has no XML of what is not there', async () => {
    assert.equal(await libvirt.domainXml('none', { inactive: true }), undefined);
    assert.equal(await libvirt.networkXml('none', { inactive: true }), undefined);
    assert.equal(await libvirt.networkXml('none', { inactive: false }), undefined);
  });

  it('takes a domain through its life, each step twice', async () => {
    async function state(): Promise<string | undefined> {
      return (await libvirt.domains()).find(({ name }) => name === 'master00')?.state;
    }
    const undefineOptions = { nvram: false, managedSave: true, snapshotsMetadata: true };

    await libvirt.defineDomain(domainXml('master00'));
    assert.equal(await state(), 'shutoff');
    for (const step of ['startDomain', 'startDomain'] as const) await libvirt[step]('master00');
    assert.equal(await state(), 'running');
    assert.match(
      (await libvirt.domainXml('master00', { inactive: false })) ?? '',
      /^<domain type='test' id='\d+'>/,
    );
    for (const step of ['shutdownDomain', 'shutdownDomain', 'destroyDomain', 'destroyDomain'] as const)
      await libvirt[step]('master00');
    assert.equal(await state(), 'shutoff');
    assert.equal(await libvirt.hasManagedSave('master00'), false);
    await assert.rejects(libvirt.rebootDomain('master00'), { reason: 'OperationFailed' });
    await libvirt.undefineDomain('master00', undefineOptions);
    await libvirt.undefineDomain('master00', undefineOptions);
    await libvirt.destroyDomain('master00');
    assert.equal(await state(), undefined);
    await assert.rejects(libvirt.startDomain('master00'), { reason: 'NotFound' });
  });

  it('reaches each domain by its own name, whatever that looks like', async () => {
    for (const name of ODD_NAMES) await libvirt.defineDomain(domainXml(name));

    const listed = await libvirt.domains();
    for (const { name, uuid } of listed) {
      assert.match(
        (await libvirt.domainXml(name, { inactive: true })) ?? '',
        new RegExp(`<uuid>${uuid}</uuid>`),
        name,
      );
    }
    const names = listed.map(({ name }) => name);
    for (const name of ODD_NAMES) assert.ok(names.includes(name), name);
    assert.deepEqual(names, names.toSorted());
  });

  it('lists any number of domains in four calls', async () => {
    calls.length = 0;

    await libvirt.domains();

    assert.deepEqual(
      calls.map(({ op }) => op),
      ['list', 'domstats', 'list', 'list'],
    );
  });

  it('never takes a name for the id of another domain', async () => {
    await libvirt.startDomain('a b');
    const id = /id='(\d+)'/.exec((await libvirt.domainXml('a b', { inactive: false })) ?? '')?.[1] ?? '';
    assert.notEqual(id, '');

    assert.equal(await libvirt.domainXml(id, { inactive: false }), undefined);
    await libvirt.destroyDomain(id);
    await assert.rejects(libvirt.startDomain(` +${id}`), { reason: 'NotFound' });

    assert.equal((await libvirt.domains()).find(({ name }) => name === 'a b')?.state, 'running');
  });

  it('hands XML over in files that nobody else can read and that are gone afterwards', async () => {
    await assert.rejects(libvirt.defineDomain('<domain'), {
      reason: 'InvalidXml',
      message: /^[^\n]*from XML: /,
    });
    await assert.rejects(libvirt.defineNetwork('<domain/>'), { reason: 'InvalidXml' });

    assert.deepEqual(await readdir(join(dir, 'xml')), []);
    assert.equal((await stat(join(dir, 'xml'))).mode & 0o777, 0o700);
  });

  it('only reads when it is asked to read', () => {
    calls.length = 0;
    return Promise.all([
      libvirt.version(),
      libvirt.capabilities(),
      libvirt.domains(),
      libvirt.networks(),
      libvirt.domainXml('test', { inactive: true }),
      libvirt.networkXml('default', { inactive: true }),
    ]).then(() => {
      assert.deepEqual(
        calls.filter(({ mutates }) => mutates),
        [],
      );
    });
  });
});
