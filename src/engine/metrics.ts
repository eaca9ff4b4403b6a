import { collectDefaultMetrics, Counter, Registry } from 'prom-client';
import { createLabMetrics, type LabMetrics } from './lab-metrics.ts';
import { createRuntimeMetrics, type RuntimeMetrics } from './runtime-metrics.ts';

export type { DriverCall } from './lab-metrics.ts';

export interface Metrics extends RuntimeMetrics, LabMetrics {
  /** For further families, in the composition root or in tests. */
  readonly registry: Registry;
  readonly contentType: string;
  /** The exposition; a family that cannot be collected is left out and counted, the rest is served. */
  text(): Promise<string>;
}

export interface MetricsOptions {
  readonly version: string;
  /** A family could not be collected. */
  readonly onCollectError?: (family: string, error: unknown) => void;
}

const COLLECT_ERRORS = 'k8slab_collect_errors_total';

/** Gauges whose names end in _total, which Prometheus keeps for counters. */
const ILL_NAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

export function createMetrics({ version, onCollectError }: MetricsOptions): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of ILL_NAMED) registry.removeSingleMetric(name);
  const collectErrors = new Counter({
    name: COLLECT_ERRORS,
    help: 'Families that could not be collected at a scrape',
    registers: [registry],
  });
  return {
    registry,
    contentType: registry.contentType,
    ...createRuntimeMetrics(registry),
    ...createLabMetrics(registry, version),
    text: () =>
      expose(registry, (family, error) => {
        collectErrors.inc();
        onCollectError?.(family, error);
      }),
  };
}

/** Family by family, since one that throws would take down `registry.metrics()`; the count of those comes last. */
async function expose(
  registry: Registry,
  onError: (family: string, error: unknown) => void,
): Promise<string> {
  const names = registry.getMetricsAsArray().map(({ name }) => name);
  const texts: string[] = [];
  for (const name of [...names.filter((other) => other !== COLLECT_ERRORS), COLLECT_ERRORS]) {
    try {
      texts.push(await registry.getSingleMetricAsString(name));
    } catch (error) {
      onError(name, error);
    }
  }
  return `${texts.join('\n\n')}\n`;
}
