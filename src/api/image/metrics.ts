import type { MetricFamily } from '../kinds/metrics.ts';
import type { ObjectOf } from '../meta.ts';

/** What is stored of an image. */
export const imageMetrics: readonly MetricFamily<ObjectOf<'Image'>>[] = [
  {
    name: 'virtual_size_bytes',
    help: 'Size of the disk that an image is, as a guest sees it; once it is stored',
    labels: [],
    samples: ({ status: { virtualSize } }) => [[[], virtualSize]],
  },
];
