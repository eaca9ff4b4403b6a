import { withMark, type DomainMark } from '../ownership/mark.ts';
import { element, renderXml, type XmlElement } from '../xml.ts';

/** Names that a guest of k8slab's has for its disk, and for the seed of its first boot. */
export const FIRST_DISK = 'vda';
export const SEED_DISK = 'vdb';

export interface DesiredInterface {
  readonly network: string;
  readonly mac: string;
  /** What the guest is told by virtio; left out: what it takes by itself. */
  readonly mtu?: number;
}

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
  readonly interfaces: readonly DesiredInterface[];
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

/** Where libvirt keeps what a guest of ours prints on its console, beside its own log of the guest. */
export function consoleLog(name: string): string {
  return `/var/log/libvirt/qemu/${name}-serial0.log`;
}

function renderDevices(desired: DesiredDomain): XmlElement {
  const devices = [
    renderDisk({ file: desired.disk.path, format: desired.disk.format, target: FIRST_DISK }),
    // Debian's cloud kernel has no AHCI driver: a seed on a SATA CD-ROM would never be seen.
    renderDisk({ file: desired.seed, format: 'raw', target: SEED_DISK }, { readonly: true }),
    ...desired.interfaces.map(renderInterface),
    element('serial', { type: 'pty' }, [
      // virtlogd writes it, and begins another file before it grows large.
      element('log', { file: consoleLog(desired.name), append: 'on' }),
    ]),
    element('console', { type: 'pty' }),
    element('channel', { type: 'unix' }, [
      element('target', { type: 'virtio', name: 'org.qemu.guest_agent.0' }),
    ]),
    element('rng', { model: 'virtio' }, [element('backend', { model: 'random' }, ['/dev/urandom'])]),
  ];
  return element('devices', {}, devices);
}

export function renderDisk(
  { file, format, target }: { file: string; format: string; target: string },
  { readonly = false } = {},
): XmlElement {
  return element('disk', { type: 'file', device: 'disk' }, [
    element('driver', { name: 'qemu', type: format }),
    element('source', { file }),
    element('target', { dev: target, bus: 'virtio' }),
    readonly ? element('readonly') : undefined,
  ]);
}

export function renderInterface({ network, mac, mtu }: DesiredInterface): XmlElement {
  return element('interface', { type: 'network' }, [
    element('mac', { address: mac }),
    element('source', { network }),
    element('model', { type: 'virtio' }),
    mtu === undefined ? undefined : element('mtu', { size: mtu }),
  ]);
}
