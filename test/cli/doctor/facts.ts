import type { Facts } from '../../../src/cli/doctor/facts.ts';
import { NEEDED } from '../../../src/cli/doctor/checks/programs.ts';
import { demandOf, type Demand } from '../../../src/cli/doctor/demand.ts';
import { emptySnapshot, nextSnapshot } from '../../../src/api/manifest/snapshot.ts';

const GIB = 1024 ** 3;

/** What manifests ask, as text. */
export function demandIn(text: string): Demand {
  const { objects, errors } = nextSnapshot(emptySnapshot, { files: [{ path: 'lab.yaml', text }] });
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('; '));
  return demandOf(objects);
}

export const LAB = `apiVersion: k8slab.io/v1alpha1
kind: Network
metadata: {name: lab}
spec: {cidr: 192.168.111.0/24, forward: {dev: eth0}, podCIDR: {cidr: 10.200.0.0/16}}
---
apiVersion: k8slab.io/v1alpha1
kind: Image
metadata: {name: debian}
spec: {source: /srv/debian.qcow2}
---
apiVersion: k8slab.io/v1alpha1
kind: Node
metadata: {name: master00}
spec: {role: master, cpus: 2, memory: 4Gi, disk: {image: debian, size: 20Gi}, networks: [{network: lab}]}
---
apiVersion: k8slab.io/v1alpha1
kind: Node
metadata: {name: worker00}
spec: {role: worker, cpus: 2, memory: 4Gi, disk: {image: debian, size: 20Gi}, networks: [{network: lab}]}
`;

/** A vmhost with nothing to mend, for the lab above. */
export function soundFacts(change: Partial<Facts> = {}): Facts {
  return {
    root: true,
    user: 'root',
    family: 'debian',
    programs: new Map(
      NEEDED.map(({ names }) => [names[0], { path: `/usr/bin/${names[0]}`, version: '1.2' }]),
    ),
    libvirt: {
      version: '9.0.0',
      networks: [{ name: 'default', cidr: '192.168.122.0/24', bridge: 'virbr0' }],
      runningDomains: [],
    },
    daemons: { monolithic: true, modular: [] },
    kvm: { state: 'Works', seconds: 0.3 },
    domainType: 'auto',
    machine: { memoryTotal: 16 * GIB, memoryAvailable: 12 * GIB, cpus: 4, cpuFlags: ['vmx'] },
    interfaces: [
      { name: 'eth0', up: true },
      { name: 'eth1', up: false },
      { name: 'eth2', up: true },
    ],
    uplinks: ['eth0'],
    routes: [{ dev: 'eth0', cidr: '198.51.100.0/24' }],
    ipForward: true,
    firewall: { forwardPolicy: 'ACCEPT', accepted: [], masqueraded: [] },
    managers: [],
    port53Taken: false,
    storage: { path: '/var/lib/libvirt/images/k8slab', free: 100 * GIB, disks: [] },
    selinux: 'off',
    apparmor: [],
    groups: ['root'],
    nameservers: ['198.51.100.1'],
    hostsSources: 'files dns',
    configError: undefined,
    directory: { path: '/etc/k8slab.d' },
    manifests: { count: 4, errors: [], warnings: [] },
    demand: demandIn(LAB),
    sources: [{ name: 'debian', source: '/srv/debian.qcow2' }],
    secrets: [],
    ...change,
  };
}
