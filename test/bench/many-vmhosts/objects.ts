import type { KubeDraft } from '../../../src/drivers/kube.ts';
import { IN_FRONT } from './fleet.ts';
import type { PlayedVmhost } from './messages.ts';

/** So many vmhosts have a lab of their own: a Network over all of them, and Nodes that go nowhere else. */
const IN_A_LAB = 10;
/** Pinned Nodes have addresses and pod networks outside of the ranges that others are given theirs from. */
const PINNED = 240;

export const IMAGE: KubeDraft = {
  kind: 'Image',
  metadata: { name: 'guest' },
  spec: { source: '/srv/images/debian.qcow2' },
};

export function networksOf(vmhosts: number): readonly KubeDraft[] {
  return Array.from({ length: Math.ceil(vmhosts / IN_A_LAB) }, (_, lab) =>
    networkOf(lab, `10.${128 + 4 * lab}.0.0/14`),
  );
}

/** @param pods that of its Nodes' pod networks are cut from */
export function networkOf(lab: number, pods: string): KubeDraft {
  const cidr = `10.${64 + lab}.0.0/16`;
  const dhcp = { start: `10.${64 + lab}.16.0`, end: `10.${64 + lab}.200.255` };
  return {
    kind: 'Network',
    metadata: { name: networkName(lab) },
    spec: { cidr, dhcp, podCIDR: { cidr: pods }, overlay: {} },
  };
}

export function networkName(lab: number): string {
  return `lab${lab}`;
}

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
    labels: { lab: networkName(labOf(index)), front: String(index < IN_FRONT) },
  }));
}

function labOf(vmhost: number): number {
  return Math.floor(vmhost / IN_A_LAB);
}

/** A Node that goes where it fits in the lab of a vmhost, with an address that it is given. */
export function placedNode(name: string, vmhost: number, labels: object = {}): KubeDraft {
  const network = networkName(labOf(vmhost));
  return nodeOf(name, { network }, { vmhostSelector: { matchLabels: { lab: network, ...labels } } });
}

/** A Node of the first lab whose vmhost, address and pod network its manifest names. */
export function pinnedNode(name: string, vmhost: string, index: number): KubeDraft {
  const address = `10.64.${PINNED}.${index & 255}`;
  return nodeOf(
    name,
    { network: networkName(0), address },
    { vmhost, podCIDR: `10.131.${index & 255}.0/24` },
  );
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
