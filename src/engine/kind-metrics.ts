import { Gauge, type Registry } from 'prom-client';
import type { KindDefinition } from '../api/kinds/define.ts';
import type { Kinds } from '../api/kinds/kinds.ts';
import type { MetricFamily } from '../api/kinds/metrics.ts';
import type { ApiObject } from '../api/meta.ts';

type Objects = () => Iterable<Pick<ApiObject, 'kind' | 'metadata' | 'status'>>;

/** The gauges that kinds declare, read from their objects at every scrape; objects that are gone have no series. */
export function registerKinds(registry: Registry, kinds: Kinds, objects: Objects): void {
  for (const definition of kinds.all) {
    for (const family of definition.metrics ?? []) {
      registerFamily(registry, definition, { family: family, objects });
    }
  }
}

function registerFamily(
  registry: Registry,
  { kind }: KindDefinition,
  { family, objects }: { readonly family: MetricFamily<unknown>; readonly objects: Objects },
): void {
  const labelNames = ['name', ...family.labels];
  const gauge = new Gauge({
    name: `k8slab_${kind.toLowerCase()}_${family.name}`,
    help: family.help,
    labelNames,
    registers: [registry],
    collect() {
      gauge.reset();
      for (const object of objects()) {
        if (object.kind !== kind) continue;
        for (const [values, value] of family.samples(object)) {
          const labels = [object.metadata.name, ...values].map((label, index) => [labelNames[index], label]);
          if (value !== undefined) gauge.set(Object.fromEntries(labels) as Record<string, string>, value);
        }
      }
    },
  });
}
