/** The tutorial's end state as its reader has it: one network edited by hand, five guests made by other tools. */

export interface Machine {
  readonly name: string;
  readonly mac: string;
  readonly ip: string;
  readonly cpus: number;
  readonly memory: number;
}

export const MACHINES: readonly Machine[] = [
  { name: 'master00', mac: '52:54:00:5e:53:fb', ip: '192.168.111.150', cpus: 1, memory: 16 },
  { name: 'master01', mac: '52:54:00:b5:06:ff', ip: '192.168.111.135', cpus: 1, memory: 16 },
  { name: 'master02', mac: '52:54:00:bb:7b:85', ip: '192.168.111.147', cpus: 1, memory: 16 },
  { name: 'loadbalancer', mac: '52:54:00:5f:a2:ef', ip: '192.168.111.248', cpus: 2, memory: 2 },
  { name: 'worker00', mac: '52:54:00:bf:ca:b4', ip: '192.168.111.98', cpus: 4, memory: 16 },
];

const NAMES = MACHINES.map(
  ({ name, ip }) => `<host ip='${ip}'><hostname>${name}.k8s-thw.local</hostname></host>`,
);
const RESERVATIONS = MACHINES.map(
  ({ name, mac, ip }) => `<host mac='${mac}' name='${name}.k8s-thw.local' ip='${ip}'/>`,
);

/** What `virsh net-dumpxml --inactive` shows of it; `inside` goes into its parts. */
export function tutorialNetwork(inside: { dns?: string; dhcp?: string; network?: string } = {}): string {
  return `<network>
  <name>k8s-net</name>
  <uuid>231ecaaa-88ab-4c38-b955-c91b1dff203b</uuid>
  <forward dev='eth0' mode='nat'><interface dev='eth0'/></forward>
  <bridge name='virbr1' stp='on' delay='0'/>
  <mac address='52:54:00:06:ec:15'/>
  <domain name='k8s-thw.local'/>
  <dns>${inside.dns ?? NAMES.join('')}</dns>
  <ip address='192.168.111.1' netmask='255.255.255.0'>
    <dhcp>
      <range start='192.168.111.8' end='192.168.111.254'/>
      ${inside.dhcp ?? RESERVATIONS.join('\n      ')}
    </dhcp>
  </ip>
  ${inside.network ?? ''}
</network>`;
}

/** The tutorial's own listing where three machines have one MAC address. */
export const DUPLICATES = ['master00', 'master01', 'master02']
  .map((name, index) => {
    const ip = MACHINES[index]?.ip ?? '';
    return `<host mac='52:54:00:5e:53:fb' name='${name}.k8s-thw.local' ip='${ip}'/>`;
  })
  .join('');

export function domainXml(machine: Omit<Machine, 'ip'>, inside = ''): string {
  const { name, mac, cpus, memory } = machine;
  return `<domain type='kvm'>
  <name>${name}</name>
  <uuid>4dea22b3-1d52-d8f3-2516-${mac.replaceAll(':', '')}</uuid>
  <memory unit='KiB'>${memory * 1024 * 1024}</memory>
  <vcpu placement='static'>${cpus}</vcpu>
  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>
  <devices>
    <disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/><source file='/srv/disks/${name}.qcow2'/><target dev='vda' bus='virtio'/>
    </disk>
    <interface type='network'><mac address='${mac}'/><source network='k8s-net'/><model type='virtio'/></interface>
    ${inside}
  </devices>
</domain>`;
}
