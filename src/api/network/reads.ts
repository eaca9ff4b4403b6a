import { reads } from '../kinds/reads.ts';
import { isRemoved } from '../meta.ts';

/** The Nodes that name a Network claim reservations and names in it; one that still uses it keeps it from going. */
export const networkReads = [
  reads<'Network', 'Node'>({
    source: 'Node',
    by: ({ spec }) => spec.networks.map(({ network }) => network),
    shared: (node) => [
      isRemoved(node),
      node.spec.networks,
      node.spec.dnsAliases,
      node.spec.podCIDR,
      node.spec.role,
      node.spec.policy.adopt,
      node.origin?.elsewhere?.vmhost,
    ],
  }),
  // Where other vmhosts are reached.
  reads<'Network', 'Vmhost'>({ source: 'Vmhost', shared: ({ status }) => [status.addresses] }),
];
