import type { Case } from './host-cases.ts';
import { findImage } from '../../../src/cli/init/catalogue.ts';
import { demandOf } from '../../../src/cli/doctor/demand.ts';
import { demandIn, LAB, soundFacts } from './facts.ts';

const GIB = 1024 ** 3;
const sound = soundFacts();
const machine = { memoryTotal: 16 * GIB, memoryAvailable: 12 * GIB, cpus: 4, cpuFlags: ['vmx'] };
const libvirt = { version: '9.0.0', networks: [], runningDomains: [] };
const isolated = demandIn(LAB.replace('forward: {dev: eth0}', 'forward: {mode: isolated}'));
const anyUplink = demandIn(LAB.replace('forward: {dev: eth0}, ', ''));
const down = demandIn(LAB.replace('dev: eth0', 'dev: eth1'));
const beside = demandIn(LAB.replace('dev: eth0', 'dev: eth2'));
const missingDev = demandIn(LAB.replace('dev: eth0', 'dev: enp9s0'));
const manyCpus = demandIn(LAB.replace('cpus: 2', 'cpus: 8'));
const empty = demandOf([]);
const unseen = { unknown: 'not to be seen' };

const newest = demandIn(LAB.replace('/srv/debian.qcow2', findImage('rocky-10').source));

/** What the manifests ask of the network and the machine, and what surrounds them. */
export const labCases: readonly Case[] = [
  {
    reason: 'the uplink is not there',
    facts: { demand: missingDev },
    check: 'uplink of lab',
    status: 'FAIL',
    says: /write dev: eth0/,
  },
  {
    reason: 'the uplink is down',
    facts: { demand: down },
    check: 'uplink of lab',
    status: 'FAIL',
    says: /ip link set eth1 up/,
  },
  {
    reason: 'no default route leads through the uplink',
    facts: { demand: beside },
    check: 'uplink of lab',
    status: 'WARN',
    says: /eth0/,
  },
  {
    reason: 'the network is isolated',
    facts: { demand: isolated, uplinks: [] },
    check: 'uplink of lab',
    status: 'OK',
  },
  {
    reason: 'any uplink will do',
    facts: { demand: anyUplink },
    check: 'uplink of lab',
    status: 'OK',
    says: /eth0/,
  },
  {
    reason: 'there is no default route',
    facts: { demand: anyUplink, uplinks: [] },
    check: 'uplink of lab',
    status: 'WARN',
  },
  {
    reason: 'a route leads to some of the addresses',
    facts: { routes: [{ dev: 'wg0', cidr: '192.168.111.128/25' }] },
    check: 'addresses of lab',
    status: 'FAIL',
    says: /192\.168\.111\.128\/25, which the vmhost reaches by wg0/,
  },
  {
    reason: 'a wider route gives way, as that of a VPN',
    facts: { routes: [{ dev: 'wg0', cidr: '192.168.0.0/16' }] },
    check: 'addresses of lab',
    status: 'OK',
  },
  {
    reason: 'its bridge is that of another network',
    facts: { libvirt: { ...libvirt, networks: [{ name: 'other', bridge: 'virbr-lab' }] } },
    check: 'addresses of lab',
    status: 'FAIL',
    says: /virbr-lab belongs to the libvirt network "other"/,
  },
  {
    reason: 'the bridge is its own',
    facts: {
      interfaces: [{ name: 'virbr-lab', up: true }],
      libvirt: { ...libvirt, networks: [{ name: 'lab', bridge: 'virbr-lab' }] },
    },
    check: 'addresses of lab',
    status: 'OK',
  },
  {
    reason: 'its bridge is an interface of others',
    facts: { interfaces: [{ name: 'virbr-lab', up: true }] },
    check: 'addresses of lab',
    status: 'FAIL',
    says: /virbr-lab is an interface that libvirt did not make/,
  },
  {
    reason: 'a route overlaps the pods',
    facts: { routes: [{ dev: 'wg0', cidr: '10.200.7.0/24' }] },
    check: 'addresses of lab',
    status: 'FAIL',
    says: /10\.200\.0\.0\/16 overlaps/,
  },
  {
    reason: 'the route is of its own bridge',
    facts: { routes: [{ dev: 'virbr-lab', cidr: '192.168.111.0/24' }] },
    check: 'addresses of lab',
    status: 'OK',
  },
  {
    reason: 'the route is of the bridge that libvirt gave it',
    facts: {
      routes: [{ dev: 'virbr7', cidr: '192.168.111.0/24' }],
      libvirt: { ...libvirt, networks: [{ name: 'lab', cidr: '192.168.111.0/24', bridge: 'virbr7' }] },
    },
    check: 'addresses of lab',
    status: 'OK',
  },
  {
    reason: 'a network of libvirt overlaps that does not run',
    facts: { libvirt: { ...libvirt, networks: [{ name: 'other', cidr: '192.168.111.0/25' }] } },
    check: 'addresses of lab',
    status: 'FAIL',
    says: /network "other"/,
  },
  {
    reason: "libvirt's networks cannot be seen",
    facts: { libvirt: { error: 'x', reason: 'LibvirtUnreachable' } },
    check: 'addresses of lab',
    status: 'UNKNOWN',
  },
  {
    reason: 'nothing is forwarded',
    facts: { ipForward: false },
    check: 'forwarding',
    status: 'WARN',
    says: /ip_forward=1/,
  },
  {
    reason: 'the firewall drops',
    facts: { firewall: { forwardPolicy: 'DROP', accepted: [], masqueraded: [] } },
    check: 'firewall',
    status: 'WARN',
    says: /DOCKER-USER/,
  },
  {
    reason: 'ufw is active',
    facts: { managers: ['ufw'] },
    check: 'firewall',
    status: 'WARN',
    says: /ufw default allow routed/,
  },
  {
    reason: 'firewalld is active',
    facts: { managers: ['firewalld'] },
    check: 'firewall',
    status: 'OK',
    says: /zone libvirt/,
  },
  {
    reason: 'the firewall cannot be seen',
    facts: { firewall: unseen },
    check: 'firewall',
    status: 'UNKNOWN',
  },
  {
    reason: 'port 53 is taken',
    facts: { port53Taken: true },
    check: 'port 53',
    status: 'FAIL',
    says: /bind-interfaces/,
  },
  {
    reason: '/etc/hosts is not read',
    facts: { hostsSources: 'resolve dns' },
    check: 'names',
    status: 'FAIL',
    says: /nsswitch/,
  },
  { reason: 'there is no nameserver', facts: { nameservers: [] }, check: 'names', status: 'WARN' },

  {
    reason: 'guests want more memory than there is',
    facts: { machine: { ...machine, memoryTotal: 7 * GIB } },
    check: 'memory',
    status: 'FAIL',
    says: /8\.0 GiB/,
  },
  {
    reason: 'guests want more memory than is free',
    facts: { machine: { ...machine, memoryAvailable: 5 * GIB } },
    check: 'memory',
    status: 'WARN',
    says: /swap/,
  },
  {
    reason: 'guests that run have their memory',
    facts: {
      machine: { ...machine, memoryAvailable: 5 * GIB },
      libvirt: { ...libvirt, runningDomains: ['master00'] },
    },
    check: 'memory',
    status: 'OK',
  },
  {
    reason: 'a guest wants more CPUs than there are',
    facts: { demand: manyCpus },
    check: 'cpus',
    status: 'WARN',
    says: /master00/,
  },
  {
    reason: 'disks may outgrow the space',
    facts: { storage: { ...sound.storage, free: 30 * GIB } },
    check: 'disk',
    status: 'WARN',
  },
  {
    reason: 'there is no space for the disks',
    facts: { storage: { ...sound.storage, free: 3 * GIB } },
    check: 'disk',
    status: 'FAIL',
  },
  {
    reason: 'the disks are there already',
    facts: { storage: { ...sound.storage, free: 3 * GIB, disks: ['master00.qcow2', 'worker00.qcow2'] } },
    check: 'disk',
    status: 'OK',
  },
  {
    reason: 'the space cannot be seen',
    facts: { storage: { ...sound.storage, free: unseen } },
    check: 'disk',
    status: 'UNKNOWN',
  },

  {
    reason: 'the configuration is not valid',
    facts: { configError: 'line 3: storge: unknown field' },
    check: 'configuration',
    status: 'FAIL',
    says: /line 3/,
  },
  {
    reason: 'the directory is not to be trusted',
    facts: {
      directory: {
        path: '/etc/k8slab.d',
        problem: { message: 'it belongs to user 1000', hint: 'chown root: /etc/k8slab.d' },
      },
    },
    check: 'directory',
    status: 'FAIL',
    says: /chown/,
  },
  {
    reason: 'manifests have errors',
    facts: { manifests: { count: 1, errors: ['a.yaml:1:1: x', 'b'], warnings: [] } },
    check: 'manifests',
    status: 'FAIL',
    says: /a\.yaml:1:1: x \(and 1 more\)/,
  },
  {
    reason: 'manifests name what is not there',
    facts: { manifests: { count: 1, errors: [], warnings: ['a'] } },
    check: 'manifests',
    status: 'WARN',
  },
  {
    reason: 'there are no manifests',
    facts: { manifests: unseen, demand: empty },
    check: 'manifests',
    status: 'UNKNOWN',
    says: /k8slab init/,
  },
  {
    reason: 'an image is not there',
    facts: { sources: [{ name: 'debian', source: '/x', problem: 'there is no /x' }] },
    check: 'image debian',
    status: 'FAIL',
  },
  {
    reason: 'a server was not asked',
    facts: { sources: [{ name: 'debian', source: 'https://x/y', problem: { unknown: 'not asked' } }] },
    check: 'image sources',
    status: 'UNKNOWN',
    says: /debian: not asked/,
  },
  {
    reason: 'a secret is not there',
    facts: { secrets: [{ name: 'api', problem: { message: 'no such file' } }] },
    check: 'secret of api',
    status: 'FAIL',
  },
  {
    reason: 'only root may see a secret',
    facts: { secrets: [{ name: 'api', problem: unseen }] },
    check: 'secret of api',
    status: 'UNKNOWN',
  },
  {
    reason: 'SELinux is enforcing',
    facts: { selinux: 'enforcing' },
    check: 'confinement',
    status: 'WARN',
    says: /restorecon/,
  },
  {
    reason: 'AppArmor enforces a profile of dnsmasq',
    facts: { apparmor: ['/usr/sbin/dnsmasq'] },
    check: 'confinement',
    status: 'WARN',
    says: /aa-complain/,
  },
  { reason: 'AppArmor cannot be seen', facts: { apparmor: unseen }, check: 'confinement', status: 'UNKNOWN' },
  {
    reason: 'an image needs a newer CPU',
    facts: { demand: newest },
    check: 'cpu level',
    status: 'WARN',
    says: /^debian needs x86-64-v3/,
  },
  {
    reason: 'the CPU is new enough for the image',
    facts: {
      demand: newest,
      machine: { ...machine, cpuFlags: 'vmx avx avx2 bmi1 bmi2 f16c fma abm movbe'.split(' ') },
    },
    check: 'cpu level',
    status: 'OK',
  },
];
