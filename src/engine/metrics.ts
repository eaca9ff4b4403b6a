import { collectDefaultMetrics, Counter, Registry } from 'prom-client';
import { MAX_DELAY_MS } from './clock.ts';
import { createLoopLag } from './loop-lag.ts';
import { createLabMetrics, type LabMetrics } from './lab-metrics.ts';
import type { Family } from './object-metrics.ts';
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

/** Measured while there is work (loop-lag.ts); the timer of prom-client's own fires once in 25 days. */
const LAG = /^nodejs_eventloop_lag_/;

const COLLECT_ERRORS = 'k8slab_collect_errors_total';

/** Gauges whose names end in _total, which Prometheus keeps for counters. */
const ILL_NAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

export function createMetrics({ version, onCollectError }: MetricsOptions): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: MAX_DELAY_MS });
  const names = registry.getMetricsAsArray().map(({ name }) => name);
  for (const name of [...ILL_NAMED, ...names.filter((each) => LAG.test(each))])
    registry.removeSingleMetric(name);
  const lag = createLoopLag(registry);
  const collectErrors = new Counter({
    name: COLLECT_ERRORS,
    help: 'Families that could not be collected at a scrape',
    registers: [registry],
  });
  const runtime = createRuntimeMetrics(registry);
  const { families, ...lab } = createLabMetrics(registry, version);
  return {
    registry,
    contentType: registry.contentType,
    ...runtime,
    ...lab,
    controller(name, workers) {
      const controller = runtime.controller(name, workers);
      return {
        ...controller,
        passStarted() {
          lag.working();
          controller.passStarted();
        },
      };
    },
    driverCall(call) {
      lag.working();
      lab.driverCall(call);
    },
    text: () =>
      expose([...families, ...familiesOf(registry)], (family, error) => {
        collectErrors.inc();
        onCollectError?.(family, error);
      }),
  };
}

/** The count of errors comes last: it counts those of this scrape too. */
function familiesOf(registry: Registry): Family[] {
  const names = registry.getMetricsAsArray().map(({ name }) => name);
  const ordered = [...names.filter((name) => name !== COLLECT_ERRORS), COLLECT_ERRORS];
  return ordered.map((name) => ({ name, text: () => registry.getSingleMetricAsString(name) }));
}

/** Family by family, since one that throws would take down `registry.metrics()`. */
async function expose(
  families: readonly Family[],
  onError: (family: string, error: unknown) => void,
): Promise<string> {
  const texts: string[] = [];
  for (const family of families) {
    try {
      texts.push(await family.text());
    } catch (error) {
      onError(family.name, error);
    }
  }
  return `${texts.join('\n\n')}\n`;
}
