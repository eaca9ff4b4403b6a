import type { MetricFamily } from '../kinds/metrics.ts';
import type { ObjectOf } from '../meta.ts';

/** What a network is, and how many of the addresses that Nodes want there its dnsmasq knows. */
export const networkMetrics: readonly MetricFamily<ObjectOf<'Network'>>[] = [
  {
    name: 'info',
    help: 'Always 1; bridge, CIDR and domain of a network are in the labels, empty where there is none',
    labels: ['bridge', 'cidr', 'domain'],
    samples: ({ spec, status }) => [[[status.bridge ?? '', spec.cidr, spec.domain ?? ''], 1]],
  },
  {
    name: 'entries',
    help: 'Reservations and names of Nodes that a network shall have',
    labels: [],
    samples: ({ status: { entries } }) => [[[], entries?.length]],
  },
  {
    name: 'entries_live',
    help: 'Those of them that its running dnsmasq knows',
    labels: [],
    samples: ({ status: { entries } }) => [[[], entries?.filter(({ live }) => live).length]],
  },
  {
    name: 'overlay_peers',
    help: 'Other vmhosts that the overlay of a network leads to',
    labels: [],
    samples: ({ status: { overlay } }) => [[[], overlay?.peers]],
  },
  {
    name: 'overlay_peers_unreachable',
    help: 'Those of them that are not reached, as far as is known',
    labels: [],
    samples: ({ status: { overlay } }) => [[[], overlay?.unreachable]],
  },
  {
    name: 'claims_refused',
    help: 'Addresses and names that Nodes ask for and do not get',
    labels: [],
    samples: ({ status: { refusals = [] } }) => [[[], refusals.length]],
  },
];
