import type { Files } from './daemon.ts';

/** A change of the manifests that the daemon is at when something goes wrong. */
export interface Scenario {
  readonly name: string;
  readonly before: Files;
  readonly after: Files;
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
];
