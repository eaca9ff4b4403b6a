import { NONE } from '../kinds/columns.ts';
import { defineKind } from '../kinds/define.ts';
import type { ObjectOf } from '../meta.ts';
import { checkLoadBalancer } from './check.ts';
import { loadBalancerErrors } from './cross-check.ts';
import { loadBalancerMetrics } from './metrics.ts';
import { loadBalancerReads } from './reads.ts';
import { loadBalancerReferences } from './references.ts';
import { loadBalancerSpec } from './spec.ts';
import { loadBalancerPrivileges } from './privileges.ts';
import { loadBalancerRules } from './rules.ts';
import { isServerUp } from './status.ts';
import { loadBalancerStatus } from './status-fields.ts';

export const loadBalancer = defineKind({
  kind: 'LoadBalancer',
  shortNames: ['klb'],
  aliases: ['lb'],
  description: 'The HAProxy of a Node, whose servers follow the Nodes.',
  manifest: {
    spec: loadBalancerSpec,
    check: checkLoadBalancer,
    rules: loadBalancerRules,
    references: loadBalancerReferences,
    privileges: loadBalancerPrivileges,
    crossCheck: (manifests) => loadBalancerErrors(manifests.of('LoadBalancer')),
  },
  status: loadBalancerStatus,
  selectable: ['spec.node'],
  columns: [
    { name: 'Node', jsonPath: '.spec.node', cell: ({ spec }) => spec.node },
    { name: 'Address', jsonPath: '.status.address', cell: ({ status }) => status.address ?? NONE },
    { name: 'Ports', cell: ({ spec }) => spec.frontends.map(({ port }) => port).join(',') },
    { name: 'Servers', cell: serversUp },
    {
      name: 'Version',
      wide: true,
      jsonPath: '.status.version',
      cell: ({ status }) => status.version ?? NONE,
    },
  ],
  workers: { most: 3, reserved: 1 },
  reads: loadBalancerReads,
  metrics: loadBalancerMetrics,
});

/** `2/3`: how many of them are up. */
function serversUp({ status: { servers = [] } }: ObjectOf<'LoadBalancer'>): string {
  return `${servers.filter(isServerUp).length}/${servers.length}`;
}
