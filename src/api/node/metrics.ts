import type { MetricFamily } from '../kinds/metrics.ts';
import type { ObjectOf } from '../meta.ts';

/** With what other series of a Node are joined to say where it is and what for. */
export const nodeMetrics: readonly MetricFamily<ObjectOf<'Node'>>[] = [
  {
    name: 'info',
    help: 'Always 1; role, address and first network of a Node are in the labels, empty where there is none',
    labels: ['role', 'address', 'network'],
    samples: ({ spec, status }) => [
      [[spec.role ?? '', status.address ?? '', spec.networks[0]?.network ?? ''], 1],
    ],
  },
];
