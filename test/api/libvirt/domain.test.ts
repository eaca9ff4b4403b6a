import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCapabilities, parseDomain } from '../../../src/api/libvirt/domain.ts';
import { fixture } from './fixtures.ts';

describe('the model of a domain', () => {
  it('is the same in live and --inactive XML, but for what only runs', () => {
    const { model: inactive } = parseDomain(fixture('domain-inactive'));
    const { model: live } = parseDomain(fixture('domain-live'));

    assert.deepEqual(
      { ...live, interfaces: live.interfaces.map(({ mac, network, model }) => ({ mac, network, model })) },
      inactive,
    );
    assert.deepEqual(live.interfaces, [
      {
        mac: '52:54:00:5e:53:fb',
        model: 'virtio',
        network: 'k8s-net',
        bridge: 'virbr1',
        target: live.interfaces[0]?.target,
      },
    ]);
    assert.match(live.interfaces[0]?.target ?? '', /^vnet\d+$/);
  });

  it('has its name, type, disks and mark', () => {
    const { model } = parseDomain(fixture('domain-inactive'));

    assert.deepEqual([model.name, model.type, model.mark?.name], ['master00', 'qemu', 'master00']);
    assert.deepEqual(
      model.disks.map(({ target, format, device }) => ({ target, format, device })),
      [
        { target: 'vda', format: 'qcow2', device: 'disk' },
        { target: 'vdb', format: 'raw', device: 'disk' },
      ],
    );
    assert.match(model.disks[0]?.file ?? '', /\/disks\/master00\.qcow2$/);
  });

  it('has the disks and NICs of others too, and lower-case MAC addresses', () => {
    const { model } = parseDomain(`<domain type='kvm'><name>x</name><devices>
      <disk type='block' device='cdrom'><source dev='/dev/sr0'/><target dev='sda'/></disk>
      <interface type='bridge'><mac address='52:54:00:AA:BB:CC'/><source bridge='br0'/></interface></devices></domain>`);

    assert.deepEqual(model.disks, [{ target: 'sda', device: 'cdrom' }]);
    assert.deepEqual(model.interfaces, [{ mac: '52:54:00:aa:bb:cc', bridge: 'br0' }]);
    assert.equal(model.mark, undefined);
  });
});

describe('capabilities', () => {
  it("say the vmhost's architecture and the domain types it has for that one", () => {
    assert.deepEqual(parseCapabilities(fixture('capabilities')), { arch: 'x86_64', domainTypes: ['qemu'] });
  });

  it('offer kvm only where libvirt offers it for that architecture', () => {
    const guest = (arch: string, ...types: string[]): string =>
      `<guest><arch name='${arch}'>${types.map((type) => `<domain type='${type}'/>`).join('')}</arch></guest>`;
    const host = '<host><cpu><arch>x86_64</arch></cpu></host>';

    const both = `<capabilities>${host}${guest('i686', 'qemu', 'kvm')}${guest('x86_64', 'qemu', 'kvm')}</capabilities>`;
    const other = `<capabilities>${host}${guest('i686', 'qemu', 'kvm')}${guest('x86_64', 'qemu')}</capabilities>`;

    assert.deepEqual(parseCapabilities(both).domainTypes, ['qemu', 'kvm']);
    assert.deepEqual(parseCapabilities(other).domainTypes, ['qemu']);
  });
});
