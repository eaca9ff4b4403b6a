import { loadBalancerSpec, type LoadBalancerSpec } from '../../../src/api/load-balancer/spec.ts';
import { networkSpec } from '../../../src/api/network/spec.ts';
import { nodeSpec } from '../../../src/api/node/spec.ts';
import type { ConditionInput, ObjectOf } from '../../../src/api/meta.ts';

export const MAIN = {
  name: 'main',
  port: 6443,
  balance: 'source',
  backend: { name: 'mgmt6443', role: 'master', port: 6443 },
};

export function lbSpec(fields: Record<string, unknown> = {}): LoadBalancerSpec {
  return loadBalancerSpec.parse({ node: 'loadbalancer', frontends: [MAIN], ...fields });
}

export interface NodeFields {
  readonly spec?: Record<string, unknown>;
  readonly labels?: Record<string, string>;
  readonly status?: Partial<ObjectOf<'Node'>['status']>;
  readonly conditions?: readonly (readonly [string, ConditionInput['status']])[];
}

/** A master that is Ready, unless told otherwise. */
export function nodeOf(name: string, address: string, fields: NodeFields = {}): ObjectOf<'Node'> {
  const { conditions = [['Ready', 'True']], status, labels, spec } = fields;
  const times = { reason: 'X', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' };
  return {
    apiVersion: 'k8slab.io/v1alpha1',
    kind: 'Node',
    metadata: { ...META, name, ...(labels === undefined ? {} : { labels }) },
    spec: nodeSpec.parse({
      role: 'master',
      disk: { image: 'debian' },
      networks: [{ network: 'k8s-net', address }],
      ...spec,
    }),
    status: {
      conditions: conditions.map(([type, value]) => ({ type, status: value, ...times })),
      observedGeneration: 1,
      state: 'running',
      address,
      ...status,
    },
  };
}

const META = { uid: 'u', generation: 1, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };

/** The network that reserves each address, by the Nodes' names; undefined: it was not looked at yet. */
export function networkOf(entries: Record<string, string> | undefined): ObjectOf<'Network'> {
  const list = Object.entries(entries ?? {}).map(([node, ip]) => ({
    node,
    ip,
    mac: '52:54:00:00:00:01',
    hostnames: [`${node}.k8s-thw.local`],
    live: true,
  }));
  return {
    apiVersion: 'k8slab.io/v1alpha1',
    kind: 'Network',
    metadata: { ...META, name: 'k8s-net' },
    spec: networkSpec.parse({ cidr: '192.168.111.0/24' }),
    status: { conditions: [], ...(entries === undefined ? {} : { observedGeneration: 1, entries: list }) },
  };
}
