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

/** A lab before anything is changed. */
export interface Base {
  readonly state: State;
  readonly guest?: 'debian';
  /** Address of a guest to which the daemon's packets are steps. */
  readonly ssh?: string;
  /** Shell, run in the vmhost: what else is to come to the same. */
  readonly shows?: string;
}

/** Changes one after the other, back to where they began. */
export interface Round {
  readonly name: string;
  /** Default TINY. */
  readonly base?: Base;
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
  lb: '52:54:00:00:00:0d',
};

function image(name: string, source: string): string {
  return `apiVersion: k8slab.io/v1alpha1\nkind: Image\nmetadata: {name: ${name}}\nspec: {source: "${source}"}\n`;
}

const BASE: State = {
  'net.yaml': NET,
  'guest.yaml': image('guest', '/srv/images/tiny.qcow2'),
  'a.yaml': node('a', 10),
  'b.yaml': node('b', 11),
};

export const TINY: Base = { state: BASE };

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

const LB_ADDRESS = '192.168.111.248';

function haproxy(port: number, more = ''): string {
  return `apiVersion: k8slab.io/v1alpha1
kind: LoadBalancer
metadata: {name: api}
spec:
  node: lb
  frontends: [{name: main, port: ${port}, backend: {name: workers, role: worker, port: 22}}]
${more}`;
}

const BALANCED: State = {
  ...BASE,
  'debian.yaml': image('debian', '/srv/images/debian.qcow2'),
  'lb.yaml': node('lb', 248, { role: 'lb', memory: '768Mi', size: '4Gi' }).replace(
    'image: guest',
    'image: debian',
  ),
  'haproxy.yaml': haproxy(6443),
};
/** What is in the guest: HAProxy was started once, and nothing of k8slab's is left beside its configuration. */
const SHOW_HAPROXY = `
echo '== haproxy'
ssh lb 'sudo sh -c "
  sha256sum /etc/haproxy/haproxy.cfg; stat -c %a:%U:%G /etc/haproxy/haproxy.cfg; ls -A /etc/haproxy
  systemctl show haproxy -p ActiveState -p NRestarts; journalctl -u haproxy -o cat | grep -c ^Started; ss -Hltn | sort | tr -s \\  | cut -d\\  -f4
  find /etc /run /tmp /var/tmp /var/lib -xdev -iname *k8slab*"'
`;

export const ROUNDS: readonly Round[] = [
  {
    name: 'a load balancer gets another port and a raw section, and its own again',
    base: { state: BALANCED, guest: 'debian', ssh: LB_ADDRESS, shows: SHOW_HAPROXY },
    steps: [
      {
        what: 'both',
        state: { ...BALANCED, 'haproxy.yaml': haproxy(6444, '  extraConfig: "# by hand"\n') },
      },
      { what: 'its own', state: BALANCED },
    ],
  },
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
