import { tutorialManifests } from '../bed.ts';
import { nodeManifest, type NodeFields } from '../node-bed.ts';

/** Manifests by file name; @SUM@ stands for the checksum of the guests' image. */
export type State = Readonly<Record<string, string>>;

/** One change of the lab. */
export interface Step {
  readonly what: string;
  /** All manifests there are from then on. */
  readonly state: State;
  /** Shell, run before by others or by an administrator. */
  readonly first?: string;
  /** The daemon is stopped for it, and started again with the new manifests. */
  readonly whileDown?: true;
  /** What of the vmhost may differ. */
  readonly but?: RegExp;
}

/** Changes one after the other, back to where they began. */
export interface Round {
  readonly name: string;
  readonly steps: readonly Step[];
  /** Guests lose a few packets by it. */
  readonly felt?: true;
  readonly always?: true;
  /** Shell, run after each round: what is to remain as it is, but not for the next round. */
  readonly last?: string;
}

const NET = tutorialManifests().get('k8s-net.yaml') ?? '';

function node(name: string, last: number, fields: Partial<NodeFields> = {}): string {
  const address = `192.168.111.${last}`;
  return nodeManifest(name, { role: 'worker', address, mac: macs[name] ?? '', ...fields });
}

const macs: Readonly<Record<string, string>> = {
  a: '52:54:00:00:00:0a',
  b: '52:54:00:00:00:0b',
  c: '52:54:00:00:00:0c',
};

function image(name: string, source: string): string {
  return `apiVersion: k8slab.io/v1alpha1\nkind: Image\nmetadata: {name: ${name}}\nspec: {source: "${source}"}\n`;
}

export const BASE: State = {
  'net.yaml': NET,
  'guest.yaml': image('guest', '/srv/images/guest.qcow2'),
  'a.yaml': node('a', 10),
  'b.yaml': node('b', 11),
};

const STOPPED = { power: 'Stopped' } as const;
const DELETE = { policy: 'reclaim: Delete' } as const;
const KEPT: State = { ...BASE, 'c.yaml': node('c', 12, STOPPED) };
const CLONE = node('c', 12, { ...STOPPED, ...DELETE }).replace('image: guest', 'cloneOf: a');
const DOWNLOADED: State = {
  ...BASE,
  'other.yaml': image('other', 'http://127.0.0.1:8099/guest.qcow2", checksum: "sha256:@SUM@'),
  'c.yaml': node('c', 12, { ...STOPPED, ...DELETE }).replace('image: guest', 'image: other'),
};
const SERVE =
  'systemctl is-active -q crash-web || systemd-run -q --unit=crash-web python3 -m http.server 8099 --bind 127.0.0.1 --directory /srv/images; until curl -sfI 127.0.0.1:8099/guest.qcow2 >/dev/null; do :; done';

const FOREIGN_NET =
  "<network><name>old</name><forward mode='nat'/><bridge name='virbr7'/><mac address='52:54:00:00:00:07'/><domain name='old.example'/><ip address='192.168.7.1' netmask='255.255.255.0'><dhcp><range start='192.168.7.2' end='192.168.7.99'/><host mac='52:54:00:00:00:99' name='z' ip='192.168.7.9'/></dhcp></ip></network>";
const FOREIGN_GUEST =
  "<domain type='qemu'><name>z</name><memory unit='MiB'>192</memory><vcpu>1</vcpu><os><type>hvm</type></os><features><acpi/></features><devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/srv/disks/z.qcow2'/><target dev='vda' bus='virtio'/></disk><interface type='network'><mac address='52:54:00:00:00:99'/><source network='old'/><model type='virtio'/></interface></devices></domain>";
const MAKE_FOREIGN = [
  'mkdir -p /srv/disks; qemu-img create -q -f qcow2 -F qcow2 -b /srv/images/guest.qcow2 /srv/disks/z.qcow2',
  `echo "${FOREIGN_NET}" >/srv/old.xml; echo "${FOREIGN_GUEST}" >/srv/z.xml`,
  'virsh net-define /srv/old.xml; virsh net-start old; virsh define /srv/z.xml; virsh start z',
].join('; ');
const END_FOREIGN = 'virsh destroy z; virsh undefine z; virsh net-destroy old; virsh net-undefine old';
const ADOPTED: State = {
  ...BASE,
  'old.yaml':
    'apiVersion: k8slab.io/v1alpha1\nkind: Network\nmetadata: {name: old}\nspec: {domain: new.example, cidr: 192.168.7.0/24, bridge: {name: virbr7}, dhcp: {start: 192.168.7.2, end: 192.168.7.99}, policy: {adopt: true}}\n',
  'z.yaml':
    'apiVersion: k8slab.io/v1alpha1\nkind: Node\nmetadata: {name: z}\nspec: {cpus: 2, memory: 192Mi, disk: {path: /srv/disks/z.qcow2}, networks: [{network: old, mac: "52:54:00:00:00:99", address: 192.168.7.9}], policy: {adopt: true, restart: OnAnyChange}}\n',
};

export const ROUNDS: readonly Round[] = [
  {
    name: 'a Node comes, and goes with its disk',
    steps: [
      { what: 'it comes', state: { ...BASE, 'c.yaml': node('c', 12, DELETE) } },
      { what: 'it goes', state: BASE },
    ],
  },
  {
    name: 'a Node goes without its disk, and comes back to it',
    steps: [
      { what: 'it comes', state: KEPT },
      { what: 'it goes', state: BASE },
      { what: 'it comes back', state: KEPT },
      {
        what: 'its disk is to go with it',
        state: { ...BASE, 'c.yaml': node('c', 12, { ...STOPPED, ...DELETE }) },
      },
      { what: 'both go', state: BASE },
    ],
  },
  {
    name: 'a Node gets another address, and its own again',
    felt: true,
    steps: [
      { what: 'another', state: { ...BASE, 'a.yaml': node('a', 20) } },
      { what: 'its own', state: BASE },
    ],
  },
  {
    name: 'two Nodes swap their addresses, and again',
    felt: true,
    steps: [
      { what: 'once', state: { ...BASE, 'a.yaml': node('a', 11), 'b.yaml': node('b', 10) } },
      { what: 'again', state: BASE },
    ],
  },
  {
    name: 'a network is restarted for another domain, and for its own again',
    felt: true,
    always: true,
    steps: [
      {
        what: 'another',
        state: { ...BASE, 'net.yaml': NET.replace('domain: k8s-thw.local', 'domain: new.example') },
      },
      { what: 'its own', state: BASE },
    ],
  },
  {
    name: 'an Image is downloaded for a Node, and both go',
    // An Image that lost its manifest while the daemon was down stays in the store.
    steps: [
      { what: 'they come', first: SERVE, state: DOWNLOADED },
      { what: 'they go', state: BASE, but: /images\/other/ },
    ],
    last: 'rm -f /var/lib/libvirt/images/k8slab/images/other*',
  },
  {
    name: 'a running Node is cloned, and the clone goes',
    steps: [
      { what: 'it is made', state: { ...BASE, 'c.yaml': CLONE } },
      { what: 'it goes', state: BASE },
    ],
  },
  {
    name: 'a network and a guest of others are adopted and changed, and let go',
    felt: true,
    steps: [
      { what: 'they are adopted', first: MAKE_FOREIGN, state: ADOPTED },
      { what: 'they are let go', state: BASE },
    ],
    last: END_FOREIGN,
  },
  {
    name: 'the daemon finds other manifests and other files when it is started',
    steps: [
      {
        what: 'a Node more',
        whileDown: true,
        first:
          'rm /etc/ansible/hosts; sed -i /192.168.111.11/d /etc/hosts; virsh net-autostart k8s-net --disable',
        state: KEPT,
      },
      {
        what: 'a Node less',
        whileDown: true,
        first: 'virsh autostart b --disable',
        state: { ...BASE },
      },
    ],
    last: 'rm /var/lib/libvirt/images/k8slab/disks/c.* /var/lib/k8slab/hostkeys/c_*',
  },
];
