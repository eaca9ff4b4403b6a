import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ControllerMetrics } from './controller.ts';
import type { Outcome } from './outcome.ts';
import { PRIORITIES } from './priority.ts';
import type { QueueFigures, QueueMetrics } from './work-queue.ts';

/** controller-runtime's and client-go's families by their own names, so that existing dashboards work. */
export interface RuntimeMetrics {
  controller(name: string, workers: number): ControllerMetrics;
  queue(name: string): QueueMetrics;
}

const PASS_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5,
  1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];
const QUEUE_BUCKETS = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000];
const RESULTS = ['success', 'error', 'requeue', 'requeue_after'] as const;

/** How each outcome counts; an interrupted pass says nothing about the object. */
const COUNTED: Record<
  Outcome['kind'],
  { readonly result?: (typeof RESULTS)[number]; readonly also?: Extra }
> = {
  success: { result: 'success' },
  requeue_after: { result: 'requeue_after' },
  error: { result: 'error' },
  terminal: { result: 'error', also: 'terminal' },
  panic: { result: 'error', also: 'panics' },
  timeout: { result: 'error', also: 'timeouts' },
  interrupted: {},
};
type Extra = 'terminal' | 'panics' | 'timeouts';

export function createRuntimeMetrics(registry: Registry): RuntimeMetrics {
  const controller = controllerFamilies(registry);
  const queue = queueFamilies(registry);
  return {
    controller: (name, workers) => startController(controller, name, workers),
    queue: (name) => startQueue(queue, name),
  };
}

type ControllerFamilies = ReturnType<typeof controllerFamilies>;

const CONTROLLER_LABELS = ['controller'] as const;

function controllerFamilies(registry: Registry) {
  const labelNames = CONTROLLER_LABELS;
  const registers = [registry];
  function counter(name: string, help: string): Counter<'controller'> {
    return new Counter({ name, help, labelNames, registers });
  }
  function gauge(name: string, help: string): Gauge<'controller'> {
    return new Gauge({ name, help, labelNames, registers });
  }
  return {
    total: new Counter({
      name: 'controller_runtime_reconcile_total',
      help: 'Passes over objects, by how they ended',
      labelNames: [...CONTROLLER_LABELS, 'result'] as const,
      registers,
    }),
    errors: counter('controller_runtime_reconcile_errors_total', 'Passes that failed'),
    terminal: counter(
      'controller_runtime_terminal_reconcile_errors_total',
      'Failed passes that are not retried',
    ),
    panics: counter('controller_runtime_reconcile_panics_total', 'Passes that failed by a bug'),
    timeouts: counter('controller_runtime_reconcile_timeouts_total', 'Passes that ran out of time'),
    seconds: new Histogram({
      name: 'controller_runtime_reconcile_time_seconds',
      help: 'Time passes took',
      labelNames,
      buckets: PASS_BUCKETS,
      registers,
    }),
    workers: gauge('controller_runtime_max_concurrent_reconciles', 'Passes that may run at once'),
    active: gauge('controller_runtime_active_workers', 'Passes that run now'),
  };
}

function startController(
  families: ControllerFamilies,
  controller: string,
  workers: number,
): ControllerMetrics {
  const labels = { controller };
  for (const result of RESULTS) families.total.inc({ controller, result }, 0);
  for (const family of ['errors', 'terminal', 'panics', 'timeouts'] as const) families[family].inc(labels, 0);
  families.seconds.zero(labels);
  families.workers.set(labels, workers);
  families.active.set(labels, 0);
  return {
    passStarted: () => families.active.inc(labels),
    passEnded(outcome, seconds) {
      const { result, also } = COUNTED[outcome];
      families.active.dec(labels);
      families.seconds.observe(labels, seconds);
      if (result !== undefined) families.total.inc({ controller, result });
      if (result === 'error') families.errors.inc(labels);
      if (also !== undefined) families[also].inc(labels);
    },
  };
}

type QueueFamilies = ReturnType<typeof queueFamilies>;

const QUEUE_LABELS = ['name', 'controller'] as const;

function queueFamilies(registry: Registry) {
  const labelNames = QUEUE_LABELS;
  const registers = [registry];
  const watched = new Map<string, () => QueueFigures>();
  function histogram(name: string, help: string): Histogram<'name' | 'controller'> {
    return new Histogram({ name, help, labelNames, buckets: QUEUE_BUCKETS, registers });
  }
  registerQueueGauges(registry, watched);
  return {
    watched,
    adds: new Counter({
      name: 'workqueue_adds_total',
      help: 'Keys added to the queue',
      labelNames,
      registers,
    }),
    waited: histogram('workqueue_queue_duration_seconds', 'Time keys waited until they were taken'),
    worked: histogram('workqueue_work_duration_seconds', 'Time work on a key took'),
    retries: new Counter({
      name: 'workqueue_retries_total',
      help: 'Keys added for later',
      labelNames,
      registers,
    }),
  };
}

/** Read from the queues at every scrape, so that they need no timer. */
function registerQueueGauges(registry: Registry, watched: ReadonlyMap<string, () => QueueFigures>): void {
  const registers = [registry];
  const depth = new Gauge({
    name: 'workqueue_depth',
    help: 'Keys ready to be taken',
    labelNames: [...QUEUE_LABELS, 'priority'] as const,
    registers,
    collect() {
      for (const [name, figures] of watched) {
        const depths = figures().depth;
        for (const priority of PRIORITIES) depth.set({ name, controller: name, priority }, depths[priority]);
      }
    },
  });
  function ageGauge(name: string, help: string, read: (figures: QueueFigures) => number): void {
    const gauge = new Gauge({
      name,
      help,
      labelNames: QUEUE_LABELS,
      registers,
      collect() {
        for (const [queue, figures] of watched)
          gauge.set({ name: queue, controller: queue }, read(figures()));
      },
    });
  }
  ageGauge(
    'workqueue_unfinished_work_seconds',
    'Sum of the ages of keys in work',
    (f) => f.unfinishedSeconds,
  );
  ageGauge(
    'workqueue_longest_running_processor_seconds',
    'Age of the key longest in work',
    (f) => f.longestRunningSeconds,
  );
}

function startQueue(families: QueueFamilies, name: string): QueueMetrics {
  const labels = { name, controller: name };
  families.adds.inc(labels, 0);
  families.retries.inc(labels, 0);
  families.waited.zero(labels);
  families.worked.zero(labels);
  return {
    added: () => families.adds.inc(labels),
    retried: () => families.retries.inc(labels),
    waited: (seconds) => families.waited.observe(labels, seconds),
    worked: (seconds) => families.worked.observe(labels, seconds),
    watch: (figures) => void families.watched.set(name, figures),
  };
}
