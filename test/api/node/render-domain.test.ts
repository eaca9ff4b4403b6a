import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDomain } from '../../../src/api/libvirt/domain.ts';
import { renderDomain, type DesiredDomain } from '../../../src/api/node/render-domain.ts';
import { attribute, elements, first, parseXml, textOf, type XmlElement } from '../../../src/api/xml.ts';
import { fixture } from '../libvirt/fixtures.ts';

const SEED = '/seeds/master00-73a191ff2276.iso';

function desired(more: Partial<DesiredDomain> = {}): DesiredDomain {
  return {
    name: 'master00',
    uuid: '09da400d-bdfa-8128-9bf0-6420236ca4cd',
    type: 'qemu',
    arch: 'x86_64',
    cpus: 2,
    memory: 512 * 1024 ** 2,
    disk: { path: '/disks/master00.qcow2', format: 'qcow2' },
    seed: SEED,
    interfaces: [{ network: 'k8s-net', mac: '52:54:00:5e:53:fb' }],
    mark: { kind: 'Node', name: 'master00', reclaim: 'Retain', cloudInit: 'hash', hostKey: 'k' },
    ...more,
  };
}

function render(more: Partial<DesiredDomain> = {}): XmlElement {
  return parseXml(renderDomain(desired(more)));
}

function disk(root: XmlElement, target: string): XmlElement | undefined {
  return elements(first(root, 'devices'), 'disk').find(
    (each) => attribute(first(each, 'target'), 'dev') === target,
  );
}

describe('a rendered domain', () => {
  it('E56: has the seed read-only on virtio, and SMBIOS says that there is one', () => {
    const root = render();

    const seed = disk(root, 'vdb');
    assert.equal(attribute(first(seed, 'source'), 'file'), SEED);
    assert.equal(attribute(first(seed, 'target'), 'bus'), 'virtio');
    assert.ok(first(seed, 'readonly'));
    assert.equal(attribute(first(first(root, 'os'), 'smbios'), 'mode'), 'sysinfo');
    assert.equal(textOf(first(first(first(root, 'sysinfo'), 'system'), 'entry')), 'ds=nocloud');
  });

  it('E55: has its disk writable, as a file with its format said, so that a guest cannot choose it', () => {
    const found = disk(render({ disk: { path: '/srv/disks/m.img', format: 'raw' } }), 'vda');

    assert.equal(attribute(found, 'type'), 'file');
    assert.equal(attribute(first(found, 'source'), 'file'), '/srv/disks/m.img');
    assert.equal(attribute(first(found, 'driver'), 'type'), 'raw');
    assert.equal(first(found, 'readonly'), undefined);
  });

  it('has its NICs on their networks, in their order', () => {
    const interfaces = [
      { network: 'k8s-net', mac: '52:54:00:5e:53:fb' },
      { network: 'storage', mac: '52:54:00:00:00:02' },
    ];

    const { model } = parseDomain(renderDomain(desired({ interfaces })));

    assert.deepEqual(
      model.interfaces,
      interfaces.map((nic) => ({ ...nic, model: 'virtio' })),
    );
  });

  it('is what libvirt has once it is defined: name, UUID, type, disks, NICs and mark come back', () => {
    const { model } = parseDomain(fixture('domain-inactive'));
    const [vda, vdb] = model.disks;
    assert.ok(model.mark && vda?.file !== undefined && vda.format !== undefined && vdb?.file !== undefined);

    const again = renderDomain({
      ...desired({ cpus: 1, mark: model.mark, seed: vdb.file }),
      disk: { path: vda.file, format: vda.format },
    });

    assert.deepEqual({ ...parseDomain(again).model, uuid: model.uuid }, model);
  });

  it('has all of its memory and CPUs, in units that libvirt takes', () => {
    const root = render({ memory: 1_000_000_000, cpus: 3 });

    assert.deepEqual(
      [textOf(first(root, 'memory')), attribute(first(root, 'memory'), 'unit')],
      ['976562', 'KiB'],
    );
    assert.equal(textOf(first(root, 'vcpu')), '3');
  });

  it('asks for the CPU of the vmhost only under kvm', () => {
    const cpus = (['kvm', 'qemu'] as const).map((type) => attribute(first(render({ type }), 'cpu'), 'mode'));

    assert.deepEqual(cpus, ['host-passthrough', 'maximum']);
  });

  it('names no PC hardware on other architectures', () => {
    const root = render({ arch: 'aarch64' });

    assert.equal(attribute(first(first(root, 'os'), 'type'), 'machine'), undefined);
    assert.equal(first(first(root, 'features'), 'apic'), undefined);
    assert.equal(attribute(first(first(render(), 'os'), 'type'), 'machine'), 'q35');
  });

  it('restarts when the guest reboots or crashes, and is off when it powers off', () => {
    const root = render();

    assert.deepEqual(
      ['on_poweroff', 'on_reboot', 'on_crash'].map((name) => textOf(first(root, name))),
      ['destroy', 'restart', 'restart'],
    );
  });

  it('takes paths with any character', () => {
    const path = `/disks/a & b <"'>.qcow2`;

    assert.equal(
      parseDomain(renderDomain(desired({ disk: { path, format: 'raw' } }))).model.disks[0]?.file,
      path,
    );
  });
});
