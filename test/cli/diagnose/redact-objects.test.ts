import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { redactObject, secretsOf } from '../../../src/cli/diagnose/redact-manifest.ts';
import { redactXml } from '../../../src/cli/diagnose/redact-xml.ts';

const NODE = {
  apiVersion: 'k8slab.io/v1alpha1',
  kind: 'Node',
  metadata: { name: 'a', labels: { zone: 'b' }, annotations: { 'example.com/x': 'PLANTED' } },
  spec: {
    cpus: 2,
    memory: '1Gi',
    disk: { image: 'i' },
    networks: [{ network: 'n', address: '192.168.1.5' }],
    ssh: { authorizedKeys: ['ssh-ed25519 AAAA me'] },
    cloudInit: {
      packageUpgrade: true,
      commands: ['echo PLANTED'],
      files: [{ path: '/etc/x', content: 'PLANTED', permissions: '0600' }],
      userData: { chpasswd: { list: ['root:PLANTED'], expire: false }, pin: 123456 },
    },
  },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
};

describe('an object for a report', () => {
  it('keeps what is no secret', () => {
    const { metadata, spec, status } = redactObject(NODE) as typeof NODE;

    assert.deepEqual(
      [metadata.name, metadata.labels, status],
      [NODE.metadata.name, NODE.metadata.labels, NODE.status],
    );
    assert.deepEqual(
      [spec.cpus, spec.memory, spec.disk, spec.networks, spec.ssh],
      [NODE.spec.cpus, NODE.spec.memory, NODE.spec.disk, NODE.spec.networks, NODE.spec.ssh],
    );
    assert.deepEqual(Object.keys(spec.cloudInit.userData), ['chpasswd', 'pin']);
    assert.deepEqual([spec.cloudInit.files[0]?.path, spec.cloudInit.packageUpgrade], ['/etc/x', true]);
  });

  it('of the manifests in this repository says what they say', () => {
    for (const lab of ['tutorial', 'first-lab', 'lab']) {
      const directory = join(import.meta.dirname, '../../../manifests', lab);
      for (const name of readdirSync(directory).filter((each) => each !== 'guest.yaml')) {
        const object = parse(readFileSync(join(directory, name), 'utf8')) as { spec: { cloudInit?: object } };
        const { cloudInit, ...spec } = object.spec;
        const redacted = redactObject(object) as typeof object;
        const { cloudInit: _, ...left } = redacted.spec;
        assert.deepEqual(left, spec, name);
        assert.equal(cloudInit === undefined, redacted.spec.cloudInit === undefined);
      }
    }
  });

  const planted: readonly [where: string, object: unknown][] = [
    ['what cloud-init gets', NODE],
    ['a list', { apiVersion: 'v1', kind: 'List', items: [NODE] }],
    [
      'a field that is misspelt',
      { ...NODE, spec: { cloudInt: NODE.spec.cloudInit, memory: { x: 'PLANTED' } } },
    ],
    ['a field beside the spec', { ...NODE, data: { password: 'PLANTED' }, metadata: 'PLANTED' }],
    [
      'an object of another kind',
      { kind: 'Secret', apiVersion: 'v1', data: { x: 'PLANTED' }, stringData: 'PLANTED' },
    ],
    ['an object without a kind', { data: 'PLANTED' }],
    ['what is no object', 'PLANTED'],
    ['a list where one thing is meant', { ...NODE, spec: ['PLANTED'] }],
    ['a URL', { kind: 'Image', spec: { source: 'https://me:PLANTED@x.example/a?sig=PLANTED' } }],
    [
      'a deeper list',
      { kind: 'Network', spec: { dns: { records: [{ address: '1.2.3.4', note: 'PLANTED' }] } } },
    ],
  ];
  for (const [where, object] of planted) {
    it(`has nothing of ${where}`, () => assert.doesNotMatch(JSON.stringify(redactObject(object)), /PLANTED/));
  }

  it('tells what to look for elsewhere', () => {
    assert.deepEqual(secretsOf({ kind: 'List', items: [NODE] }), [
      'root:PLANTED',
      '123456',
      'echo PLANTED',
      'PLANTED',
    ]);
    assert.deepEqual(secretsOf({ kind: 'Image', spec: { source: 'https://me:p%40ss@x/a?sig=1' } }), [
      'p@ss',
      'sig=1',
    ]);
    for (const nothing of [
      undefined,
      null,
      'x',
      {},
      { spec: { cloudInit: 'x' } },
      { spec: { source: 'https://x/' } },
    ])
      assert.deepEqual(
        secretsOf(nothing).filter((text) => text !== ''),
        [],
      );
  });
});

describe("libvirt's XML for a report", () => {
  const xml = `<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>a</name>
  <title>PLANTED</title>
  <description>PLANTED</description>
  <metadata>
    <k8slab:object xmlns:k8slab="https://k8slab.io/libvirt/v1alpha1" kind="Node" name="a"/>
    <other:thing xmlns:other="https://other.example/"><other:x>PLANTED</other:x></other:thing>
  </metadata>
  <sysinfo type='smbios'><system><entry name='serial'>ds=nocloud</entry></system></sysinfo>
  <sysinfo type='fwcfg'><entry name='opt/com.coreos/config'>PLANTED</entry></sysinfo>
  <devices>
    <disk type='network'><auth username='x'><secret type='ceph' uuid='PLANTED'/></auth></disk>
    <interface type='network'><mac address='52:54:00:00:00:01'/></interface>
  </devices>
  <qemu:commandline><qemu:arg value='-object'/><qemu:arg value='secret,id=s,data=PLANTED'/></qemu:commandline>
</domain>`;

  it('keeps the mark of k8slab and the devices, and nothing that others may have put a secret into', () => {
    const text = redactXml(xml);

    assert.doesNotMatch(text, /PLANTED/);
    assert.match(text, /<k8slab:object [^>]*kind="Node" name="a"/);
    assert.match(text, /52:54:00:00:00:01/);
    assert.match(text, /ds=nocloud/);
  });
});
