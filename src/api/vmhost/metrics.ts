import type { MetricFamily } from '../kinds/metrics.ts';
import type { ObjectOf } from '../meta.ts';

/** What the vmhost offers. */
export const vmhostMetrics: readonly MetricFamily<ObjectOf<'Vmhost'>>[] = [
  {
    name: 'info',
    help: 'Always 1; version of libvirt, architecture and hypervisor of the vmhost are in the labels',
    labels: ['libvirt_version', 'arch', 'domain_type'],
    samples: ({ status: { libvirtVersion = '', arch = '', domainType = '' } }) => [
      [[libvirtVersion, arch, domainType], 1],
    ],
  },
];
