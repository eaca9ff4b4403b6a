import { collectDefaultMetrics, Counter, Registry } from 'prom-client';
import { MAX_DELAY_MS, settlesWithin, systemClock, type Clock } from './clock.ts';
import { createLoopLag } from './loop-lag.ts';
import { createLabMetrics, type LabMetrics } from './lab-metrics.ts';
import type { Family, FamilyInfo } from './family.ts';
import { createRuntimeMetrics, type RuntimeMetrics } from './runtime-metrics.ts';

export type { DriverCall } from './lab-metrics.ts';

export interface Metrics extends RuntimeMetrics, LabMetrics {
  /** For further families, in the composition root or in tests. */
  readonly registry: Registry;
  readonly contentType: string;
  /** The exposition; a family that cannot be collected, or not in time, is left out and counted, the rest is served. */
  text(): Promise<string>;
  /** Every family that there is, by name. */
  catalogue(): readonly FamilyInfo[];
}

export interface MetricsOptions {
  readonly version: string;
  /** A family could not be collected. */
  readonly onCollectError?: (family: string, error: unknown) => void;
  readonly clock?: Clock;
}

/** Measured while there is work (loop-lag.ts); the timer of prom-client's own fires once in 25 days. */
const LAG = /^nodejs_eventloop_lag_/;

/** Prometheus gives up after ten seconds; a family that asks a slow disk is left out before that. */
const COLLECT_MS = 3000;

const COLLECT_ERRORS = 'k8slab_collect_errors_total';

/** Gauges whose names end in _total, which Prometheus keeps for counters. */
const ILL_NAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

export function createMetrics({ version, onCollectError, clock = systemClock() }: MetricsOptions): Metrics {
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
    async text() {
      const all = [...families, ...familiesOf(registry)];
      const texts = await Promise.all(
        all.map(async (family) => {
          try {
            return await textInTime(family, clock);
          } catch (error) {
            collectErrors.inc();
            onCollectError?.(family.name, error);
            return [];
          }
        }),
      );
      // Last of all: it counts those of this scrape too.
      return `${[...texts.flat(), await registry.getSingleMetricAsString(COLLECT_ERRORS)].join('\n\n')}\n`;
    },
    catalogue: () =>
      [...families, ...familiesOf(registry), infoOf(collectErrors)]
        .map(({ name, type, help, labels }) => ({ name, type, help, labels }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function familiesOf(registry: Registry): Family[] {
  return registry
    .getMetricsAsArray()
    .filter(({ name }) => name !== COLLECT_ERRORS)
    .map((metric) => ({ ...infoOf(metric), text: () => registry.getSingleMetricAsString(metric.name) }));
}

/** prom-client's types leave out what its metrics are. */
function infoOf(metric: object): FamilyInfo {
  const {
    name,
    help,
    labelNames = [],
    constructor,
  } = metric as {
    readonly name: string;
    readonly help: string;
    readonly labelNames?: readonly string[];
    readonly constructor: { readonly name: string };
  };
  return { name, help, labels: labelNames, type: constructor.name.toLowerCase() as FamilyInfo['type'] };
}

async function textInTime(family: Family, clock: Clock): Promise<string> {
  const text = family.text();
  if (typeof text === 'string') return text;
  if (await settlesWithin(clock, text, COLLECT_MS)) return text;
  throw new Error(`cannot collect ${family.name}: not done within ${COLLECT_MS / 1000} s`);
}
