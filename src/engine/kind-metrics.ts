import type { Kinds } from '../api/kinds/kinds.ts';
import { textFamily, type Family, type Sample, type WatchedObjects } from './family.ts';

/** The gauges that kinds declare, read from their objects at every scrape; objects that are gone have no series. */
export function kindFamilies(kinds: Kinds, objects: WatchedObjects): Family[] {
  return kinds.all.flatMap(({ kind, metrics = [] }) =>
    metrics.map((family) => {
      const name = `k8slab_${kind.toLowerCase()}_${family.name}`;
      const labels = ['name', ...family.labels];
      return textFamily({ name, type: 'gauge', help: family.help, labels }, () => {
        const samples: Sample[] = [];
        for (const object of objects()) {
          if (object.kind !== kind) continue;
          for (const [values, value] of family.samples(object as never))
            samples.push([[object.metadata.name, ...values], value]);
        }
        return samples;
      });
    }),
  );
}
