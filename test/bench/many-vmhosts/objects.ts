import type { KubeDraft } from '../../../src/drivers/kube.ts';
import { IN_FRONT } from './fleet.ts';
import type { PlayedVmhost } from './messages.ts';

export const NETWORK = 'lab';
/** Pinned Nodes have their addresses outside of the range that others are given theirs from. */
const CIDR = '10.64.0.0/16';
const DHCP = { start: '10.64.16.0', end: '10.64.200.255' };

/** One Network over all vmhosts, with all Nodes on it: the hardest case, since each change of it reaches everybody. */
export const SHARED: readonly KubeDraft[] = [
  {
    kind: 'Network',
    metadata: { name: NETWORK },
    spec: { cidr: CIDR, dhcp: DHCP, podCIDR: { cidr: '10.128.0.0/9' }, overlay: {} },
  },
  { kind: 'Image', metadata: { name: 'guest' }, spec: { source: '/srv/images/debian.qcow2' } },
];

export function vmhostName(index: number): string {
  return `vmhost${String(index + 1).padStart(3, '0')}`;
}

export function vmhostAddress(index: number): string {
  return `10.0.${index >> 8}.${(index & 255) + 1}`;
}

export function vmhostNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => vmhostName(index));
}

export function played(count: number, kubeconfig: (vmhost: string) => string): PlayedVmhost[] {
  return vmhostNames(count).map((name, index) => ({
    ...{ name, address: vmhostAddress(index), kubeconfig: kubeconfig(name) },
    labels: index < IN_FRONT ? { bench: 'front' } : {},
  }));
}

/** A Node that goes where it fits, with an address that it is given. */
export function placedNode(name: string, more: object = {}): KubeDraft {
  return nodeOf(name, { network: NETWORK }, more);
}

/** A Node whose vmhost, address and pod network its manifest names. */
export function pinnedNode(name: string, vmhost: string, index: number): KubeDraft {
  const address = `10.64.${240 + (index >> 8)}.${index & 255}`;
  return nodeOf(name, { network: NETWORK, address }, { vmhost, podCIDR: `10.250.${index & 255}.0/24` });
}

/** What so many Nodes were given. */
export function allocationsOf(count: number): readonly object[] {
  return Array.from({ length: count }, (_, at) => ({
    node: nodeName(at),
    address: `10.64.${16 + (at >> 8)}.${at & 255}`,
    podCIDR: `10.${128 + (at >> 8)}.${at & 255}.0/24`,
  }));
}

export function nodeName(index: number): string {
  return `node${String(index).padStart(5, '0')}`;
}

function nodeOf(name: string, attachment: object, more: object): KubeDraft {
  const spec = {
    role: 'bench',
    cpus: 1,
    memory: '64Mi',
    disk: { image: 'guest', size: '64Mi' },
    networks: [attachment],
  };
  return { kind: 'Node', metadata: { name }, spec: { ...spec, ...more } };
}
