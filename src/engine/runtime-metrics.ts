import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ControllerMetrics } from './controller.ts';
import type { Outcome } from './outcome.ts';
import type { QueueFigures, QueueMetrics } from './work-queue.ts';

/** controller-runtime's and client-go's families by their own names, so that existing dashboards work. */
export interface RuntimeMetrics {
  controller(name: string, workers: number): ControllerMetrics;
  queue(name: string): QueueMetrics;
}

// prettier-ignore
const PASS_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75,
  2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
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

function controllerFamilies(registry: Registry) {
  const labelNames = ['controller'] as const;
  const registers = [registry];
  return {
    total: new Counter({
      name: 'controller_runtime_reconcile_total',
      help: 'Total number of reconciliations per controller',
      labelNames: ['controller', 'result'] as const,
      registers,
    }),
    errors: new Counter({
      name: 'controller_runtime_reconcile_errors_total',
      help: 'Total number of reconciliation errors per controller',
      labelNames,
      registers,
    }),
    terminal: new Counter({
      name: 'controller_runtime_terminal_reconcile_errors_total',
      help: 'Total number of terminal reconciliation errors per controller',
      labelNames,
      registers,
    }),
    panics: new Counter({
      name: 'controller_runtime_reconcile_panics_total',
      help: 'Total number of reconciliation panics per controller',
      labelNames,
      registers,
    }),
    timeouts: new Counter({
      name: 'controller_runtime_reconcile_timeouts_total',
      help: 'Total number of reconciliation timeouts per controller',
      labelNames,
      registers,
    }),
    seconds: new Histogram({
      name: 'controller_runtime_reconcile_time_seconds',
      help: 'Length of time per reconciliation per controller',
      labelNames,
      buckets: PASS_BUCKETS,
      registers,
    }),
    workers: new Gauge({
      name: 'controller_runtime_max_concurrent_reconciles',
      help: 'Maximum number of concurrent reconciles per controller',
      labelNames,
      registers,
    }),
    active: new Gauge({
      name: 'controller_runtime_active_workers',
      help: 'Number of currently used workers per controller',
      labelNames,
      registers,
    }),
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
  registerQueueGauges(registry, watched);
  return {
    watched,
    adds: new Counter({
      name: 'workqueue_adds_total',
      help: 'Total number of adds handled by workqueue',
      labelNames,
      registers,
    }),
    waited: new Histogram({
      name: 'workqueue_queue_duration_seconds',
      help: 'How long in seconds an item stays in workqueue before being requested',
      labelNames,
      buckets: QUEUE_BUCKETS,
      registers,
    }),
    worked: new Histogram({
      name: 'workqueue_work_duration_seconds',
      help: 'How long in seconds processing an item from workqueue takes.',
      labelNames,
      buckets: QUEUE_BUCKETS,
      registers,
    }),
    retries: new Counter({
      name: 'workqueue_retries_total',
      help: 'Total number of retries handled by workqueue',
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
    help: 'Current depth of workqueue by workqueue and priority',
    labelNames: [...QUEUE_LABELS, 'priority'] as const,
    registers,
    collect() {
      for (const [name, figures] of watched) {
        depth.set({ name, controller: name, priority: '' }, figures().depth);
      }
    },
  });
  const unfinished = new Gauge({
    name: 'workqueue_unfinished_work_seconds',
    help: 'How many seconds of work has been done that is in progress and has not been observed by work_duration',
    labelNames: QUEUE_LABELS,
    registers,
    collect() {
      for (const [name, figures] of watched) {
        unfinished.set({ name, controller: name }, figures().unfinishedSeconds);
      }
    },
  });
  const longest = new Gauge({
    name: 'workqueue_longest_running_processor_seconds',
    help: 'How many seconds has the longest running processor for workqueue been running.',
    labelNames: QUEUE_LABELS,
    registers,
    collect() {
      for (const [name, figures] of watched) {
        longest.set({ name, controller: name }, figures().longestRunningSeconds);
      }
    },
  });
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
