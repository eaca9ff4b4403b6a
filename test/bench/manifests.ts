/** The manifests of a lab of any size: one network, one image, Nodes that are defined and stopped. */
export const NETWORK = 'bench';
const CIDR = '10.64.0.0/16';
/** Where the Nodes' addresses begin within it. */
const FIRST = 1024;

export function nodeName(index: number): string {
  return `node${String(index).padStart(4, '0')}`;
}

export function addressOf(index: number): string {
  const host = FIRST + index;
  return `10.64.${host >> 8}.${host & 255}`;
}

export function nodeManifest(index: number, memory = '64Mi'): string {
  return `apiVersion: k8slab.io/v1alpha1
kind: Node
metadata: {name: ${nodeName(index)}}
spec:
  role: bench
  power: Stopped
  memory: ${memory}
  disk: {size: 64Mi, image: guest}
  networks: [{network: ${NETWORK}, address: ${addressOf(index)}}]
`;
}

/** File name to text, for /etc/k8slab.d. */
export function manifests(nodes: number): Map<string, string> {
  const shared = `apiVersion: k8slab.io/v1alpha1
kind: Network
metadata: {name: ${NETWORK}}
spec:
  domain: bench.local
  cidr: ${CIDR}
  dhcp: {start: 10.64.1.0, end: 10.64.3.255}
---
apiVersion: k8slab.io/v1alpha1
kind: Image
metadata: {name: guest}
spec: {source: /srv/images/guest.qcow2}
`;
  const files = Array.from(
    { length: nodes },
    (_, index) => [`${nodeName(index)}.yaml`, nodeManifest(index)] as const,
  );
  return new Map([['bench.yaml', shared], ...files]);
}
