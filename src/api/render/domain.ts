import { withMark, type DomainMark } from '../libvirt/mark.ts';
import { element, renderXml, withChildren, type XmlElement } from '../xml.ts';

export interface DesiredDomain {
  readonly name: string;
  readonly uuid: string;
  readonly type: 'kvm' | 'qemu';
  readonly arch: string;
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly disk: { readonly path: string; readonly format: string };
  readonly seed: string;
  readonly interfaces: readonly { readonly network: string; readonly mac: string }[];
  readonly mark: DomainMark;
}

/** The definition of a new domain; libvirt adds addresses and controllers. */
export function renderDomain(desired: DesiredDomain): string {
  const root = element('domain', { type: desired.type }, [
    element('name', {}, [desired.name]),
    element('uuid', {}, [desired.uuid]),
    element('memory', { unit: 'KiB' }, [String(Math.floor(desired.memory / 1024))]),
    element('vcpu', {}, [String(desired.cpus)]),
    // cloud-init looks for ds=nocloud in the SMBIOS serial when it cannot tell the seed by its label.
    element('sysinfo', { type: 'smbios' }, [
      element('system', {}, [element('entry', { name: 'serial' }, ['ds=nocloud'])]),
    ]),
    element('os', {}, [
      element('type', { arch: desired.arch, machine: machine(desired.arch) }, ['hvm']),
      element('boot', { dev: 'hd' }),
      element('smbios', { mode: 'sysinfo' }),
    ]),
    element('features', {}, [element('acpi'), desired.arch === 'x86_64' ? element('apic') : undefined]),
    element('cpu', { mode: desired.type === 'kvm' ? 'host-passthrough' : 'maximum' }),
    element('clock', { offset: 'utc' }),
    element('on_poweroff', {}, ['destroy']),
    element('on_reboot', {}, ['restart']),
    element('on_crash', {}, ['restart']),
    renderDevices(desired),
  ]);
  return renderXml(withMark(root, desired.mark));
}

function machine(arch: string): string | undefined {
  return arch === 'x86_64' ? 'q35' : undefined;
}

function renderDevices(desired: DesiredDomain): XmlElement {
  const devices = [
    renderDisk({ file: desired.disk.path, format: desired.disk.format, target: 'vda' }),
    // Debian's cloud kernel has no AHCI driver: a seed on a SATA CD-ROM would never be seen.
    withReadonly(renderDisk({ file: desired.seed, format: 'raw', target: 'vdb' })),
    ...desired.interfaces.map(({ network, mac }) =>
      element('interface', { type: 'network' }, [
        element('mac', { address: mac }),
        element('source', { network }),
        element('model', { type: 'virtio' }),
      ]),
    ),
    element('serial', { type: 'pty' }),
    element('console', { type: 'pty' }),
    element('channel', { type: 'unix' }, [
      element('target', { type: 'virtio', name: 'org.qemu.guest_agent.0' }),
    ]),
    element('rng', { model: 'virtio' }, [element('backend', { model: 'random' }, ['/dev/urandom'])]),
  ];
  return element('devices', {}, devices);
}

function renderDisk(disk: { file: string; format: string; target: string }): XmlElement {
  return element('disk', { type: 'file', device: 'disk' }, [
    element('driver', { name: 'qemu', type: disk.format }),
    element('source', { file: disk.file }),
    element('target', { dev: disk.target, bus: 'virtio' }),
  ]);
}

function withReadonly(disk: XmlElement): XmlElement {
  return withChildren(disk, [...disk.children, element('readonly')]);
}
