import { rawLibvirt, type World } from '../controllers/fakes.ts';
import type { Files } from './daemon.ts';

/** A change of the manifests that the daemon is at when something goes wrong. */
export interface Scenario {
  readonly name: string;
  readonly before: Files;
  readonly after: Files;
  /** What others make before the daemon begins, or what is different with the daemon that goes on. */
  readonly between?: (world: World) => void;
}

type Fields = Readonly<Record<string, unknown>>;

function manifest(kind: string, name: string, spec: Fields): object {
  return { apiVersion: 'k8slab.io/v1alpha1', kind, metadata: { name }, spec };
}

function network(fields: Fields = {}): object {
  return manifest('Network', 'lab', {
    domain: 'lab.example',
    cidr: '192.168.111.0/24',
    bridge: { name: 'virbr1' },
    podCIDR: { cidr: '10.200.0.0/16', nodeMaskSize: 24 },
    ...fields,
  });
}

function image(name: string): object {
  return manifest('Image', name, { source: `/srv/images/${name}.qcow2` });
}

function node(name: string, fields: Fields = {}, nic: Fields = {}): object {
  return manifest('Node', name, {
    disk: { image: 'debian' },
    networks: [{ network: 'lab', ...nic }],
    ...fields,
  });
}

const BASE: Files = { network: network(), image: image('debian') };
const A = node('a', { role: 'master' }, { address: '192.168.111.10' });
const B = node('b', { role: 'worker' }, { address: '192.168.111.11' });
const C = node('c', { role: 'worker' });
const LAB: Files = { ...BASE, a: A, b: B };
const BALANCER = manifest('LoadBalancer', 'api', {
  node: 'b',
  frontends: [{ name: 'main', port: 6443, backend: { role: 'master', port: 6443 } }],
});

const Z_MAC = '52:54:00:00:00:99';

/** A guest on a network of its own, as somebody made both by virsh. */
function makeForeignLab(world: World): void {
  const raw = rawLibvirt(world);
  const host = `<host mac="${Z_MAC}" name="z" ip="192.168.7.9"/>`;
  const dhcp = `<dhcp><range start="192.168.7.2" end="192.168.7.99"/>${host}</dhcp>`;
  raw.netDefine(
    `<network><name>old</name><forward mode="nat"/><bridge name="virbr7"/><domain name="old.example"/><ip address="192.168.7.1" netmask="255.255.255.0">${dhcp}</ip></network>`,
  );
  raw.netStart('old');
  world.files.set('/srv/disks/z.qcow2', 'qcow2');
  const disk =
    '<disk type="file" device="disk"><driver name="qemu" type="qcow2"/><source file="/srv/disks/z.qcow2"/><target dev="vda" bus="virtio"/></disk>';
  const nic = `<interface type="network"><mac address="${Z_MAC}"/><source network="old"/><model type="virtio"/></interface>`;
  raw.define(
    `<domain type="qemu"><name>z</name><memory unit="MiB">1024</memory><vcpu>1</vcpu><devices>${disk}${nic}</devices></domain>`,
  );
  raw.start('z');
}

const ADOPTED: Files = {
  old: manifest('Network', 'old', {
    domain: 'new.example',
    cidr: '192.168.7.0/24',
    bridge: { name: 'virbr7' },
    dhcp: { start: '192.168.7.2', end: '192.168.7.99' },
    policy: { adopt: true },
  }),
  z: manifest('Node', 'z', {
    cpus: 2,
    memory: '1Gi',
    disk: { path: '/srv/disks/z.qcow2' },
    networks: [{ network: 'old', mac: Z_MAC, address: '192.168.7.9' }],
    policy: { adopt: true },
  }),
};

/** Marks as they were before they told what was last applied, and which MAC addresses there were. */
function forgetInMarks(world: World): void {
  const older = (text: string): string =>
    text.replace(/ applied="[^"]*"/g, '').replace(/<k8slab:(mac|former)>[^<]*<\/k8slab:\1>/g, '');
  for (const network of world.networks.values())
    if (network.config !== undefined) network.config = older(network.config);
  for (const domain of world.domains.values()) domain.xml = older(domain.xml);
}

export const SCENARIOS: readonly Scenario[] = [
  { name: 'a lab is brought up', before: {}, after: { ...LAB, c: C } },
  { name: 'a Node is added', before: LAB, after: { ...LAB, c: C } },
  { name: 'a Node is removed', before: { ...LAB, c: C }, after: LAB },
  {
    name: 'a Node is removed with its disk',
    before: { ...LAB, c: node('c', { policy: { reclaim: 'Delete' } }) },
    after: LAB,
  },
  {
    name: 'a Node gets another address',
    before: LAB,
    after: { ...LAB, a: node('a', { role: 'master' }, { address: '192.168.111.20' }) },
  },
  {
    name: 'two Nodes swap their addresses',
    before: LAB,
    after: {
      ...BASE,
      a: node('a', { role: 'master' }, { address: '192.168.111.11' }),
      b: node('b', { role: 'worker' }, { address: '192.168.111.10' }),
    },
  },
  {
    name: 'a network is restarted',
    before: LAB,
    after: { ...LAB, network: network({ domain: 'new.example' }) },
  },
  {
    name: 'a Node from a new image is added',
    before: LAB,
    after: { ...LAB, other: image('other'), c: node('c', { disk: { image: 'other' } }) },
  },
  { name: 'a Node is cloned', before: LAB, after: { ...LAB, c: node('c', { disk: { cloneOf: 'a' } }) } },
  {
    name: 'a guest is restarted by a change',
    before: LAB,
    after: {
      ...LAB,
      b: node(
        'b',
        { role: 'worker', cpus: 3, policy: { restart: 'OnAnyChange' } },
        { address: '192.168.111.11' },
      ),
    },
  },
  {
    name: 'a guest is switched off',
    before: LAB,
    after: { ...LAB, b: node('b', { role: 'worker', power: 'Stopped' }, { address: '192.168.111.11' }) },
  },
  { name: 'a load balancer is set up', before: LAB, after: { ...LAB, api: BALANCER } },
  {
    name: 'a load balancer follows a new master',
    before: { ...LAB, api: BALANCER },
    after: { ...LAB, api: BALANCER, c: node('c', { role: 'master' }) },
  },
  { name: 'everything is removed', before: { ...LAB, c: C }, after: {} },
  {
    name: 'a guest of others and its network are adopted and changed',
    before: LAB,
    between: makeForeignLab,
    after: { ...LAB, ...ADOPTED },
  },
  {
    name: 'a lab that an older version left is gone on with',
    before: LAB,
    between: forgetInMarks,
    after: { ...LAB, c: C },
  },
];
