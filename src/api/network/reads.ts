import { reads } from '../kinds/reads.ts';
import { isRemoved } from '../meta.ts';

/** The Nodes that name a Network claim reservations and names in it; one that still uses it keeps it from going. */
export const networkReads = [
  reads<'Network', 'Node'>({
    source: 'Node',
    by: ({ spec }) => spec.networks.map(({ network }) => network),
    shared: ({ metadata, spec }) => [
      isRemoved({ metadata }),
      spec.networks,
      spec.dnsAliases,
      spec.podCIDR,
      spec.role,
      spec.policy.adopt,
    ],
  }),
];
