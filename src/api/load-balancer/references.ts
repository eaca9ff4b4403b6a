import type { Reference } from '../manifest/types.ts';
import type { LoadBalancerSpec } from './spec.ts';

/** The guest that HAProxy runs in, and the roles of the Nodes behind it. */
export function loadBalancerReferences({ node, frontends }: LoadBalancerSpec): readonly Reference[] {
  return [
    { path: ['spec', 'node'], kind: 'Node', name: node },
    ...frontends.flatMap(({ backend: { role } }, index): readonly Reference[] =>
      role === undefined
        ? []
        : [{ path: ['spec', 'frontends', index, 'backend', 'role'], kind: 'role', name: role }],
    ),
  ];
}
