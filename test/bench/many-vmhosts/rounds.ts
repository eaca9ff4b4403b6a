import { place } from '../../../src/api/placement/place.ts';
import { readImage, readNetwork, readNode, readVmhost } from '../../../src/api/placement/read.ts';
import type { KubeDraft } from '../../../src/drivers/kube.ts';
import { median } from '../line.ts';
import {
  allocationsOf,
  IMAGE,
  networkName,
  networkOf,
  nodeName,
  placedNode,
  vmhostNames,
} from './objects.ts';

/** What the elected daemon computes for one more Node among those that are bound. */
export interface Round {
  readonly nodes: number;
  readonly ms: number;
}

type Stored = KubeDraft & { readonly status?: object };

const RUNS = 9;

export function measureRound(vmhosts: number, nodes: number): Round {
  const objects = labOf(vmhosts, nodes);
  const times = Array.from({ length: RUNS }, () => {
    const began = performance.now();
    const { bindings } = place({
      vmhosts: objects.vmhosts.map(readVmhost),
      networks: objects.networks.map(readNetwork),
      nodes: objects.nodes.map(readNode),
      images: objects.images.map(readImage),
    });
    if (bindings.length !== 1) throw new Error('the Node that waits was not placed');
    return performance.now() - began;
  });
  return { nodes, ms: median(times) };
}

function labOf(
  vmhosts: number,
  count: number,
): Record<'vmhosts' | 'networks' | 'nodes' | 'images', Stored[]> {
  const names = vmhostNames(vmhosts);
  const allocatable = { cpu: '9999', memory: '9999Gi', storage: '999Ti' };
  const nodes = Array.from({ length: count }, (_, at) => placedNode(nodeName(at), 0));
  return {
    vmhosts: names.map((name) => ({
      kind: 'Vmhost',
      metadata: { name, labels: { lab: networkName(0) } },
      status: { allocatable, domainType: 'qemu' },
    })),
    networks: [{ ...networkOf(0, '10.128.0.0/9'), status: { allocations: allocationsOf(count) } }],
    nodes: [
      ...nodes.map((node, at) => ({ ...node, status: { vmhost: names[at % vmhosts] } })),
      placedNode('waits', 0),
    ],
    images: [{ ...IMAGE, status: { virtualSize: 2 ** 30 } }],
  };
}
