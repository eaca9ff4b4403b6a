import type { Manifest } from './mutations.ts';

/** Where `k8slab validate` and an API server cannot agree. */
export interface Exception {
  readonly why: string;
  readonly refusedBy: 'validate' | 'server';
  readonly applies: (manifest: Manifest) => boolean;
  readonly example: Manifest;
}

export const EXCEPTIONS: readonly Exception[] = [
  {
    why: 'a server takes null for left out, before anything else sees it',
    refusedBy: 'validate',
    applies: (manifest) => JSON.stringify(manifest).includes('null'),
    example: node({ ssh: null }),
  },
  {
    why: 'a server drops the namespace of an object that has none',
    refusedBy: 'validate',
    applies: ({ metadata }) => Object.hasOwn(metadata as object, 'namespace'),
    example: { ...node({}), metadata: { name: 'a', namespace: 'x' } },
  },
  {
    why: 'CEL cannot follow the way of a path with two dots; the daemon refuses it',
    refusedBy: 'validate',
    applies: (manifest) => JSON.stringify(manifest).includes('/../'),
    example: node({ disk: { path: '/var/lib/libvirt/images/k8slab/disks/../images/a' } }),
  },
  {
    why: 'Kubernetes has rules for the names of annotations, which files need not keep',
    refusedBy: 'server',
    applies: ({ metadata }) => Object.hasOwn(metadata as object, 'annotations'),
    example: { ...node({}), metadata: { name: 'a', annotations: { 'a note': 'x' } } },
  },
  {
    why: 'Kubernetes refuses empty parts in the prefix of a label',
    refusedBy: 'server',
    applies: ({ metadata }) => JSON.stringify(metadata).includes('..'),
    example: { ...node({}), metadata: { name: 'a', labels: { 'a..b/c': 'x' } } },
  },
];

function node(spec: object): Manifest {
  return {
    apiVersion: 'k8slab.io/v1alpha1',
    kind: 'Node',
    metadata: { name: 'a' },
    spec: { disk: { image: 'debian' }, networks: [{ network: 'k8s-net' }], ...spec },
  };
}
