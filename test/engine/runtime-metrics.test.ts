import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createController } from '../../src/engine/controller.ts';
import { silentLogger } from '../../src/engine/logger.ts';
import { createMetrics, type Metrics } from '../../src/engine/metrics.ts';
import { createWorkQueue } from '../../src/engine/work-queue.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';
import { sample } from './sample.ts';

const EXPECTED: Record<string, number> = {
  'controller_runtime_reconcile_total{controller="node",result="success"}': 0,
  'controller_runtime_reconcile_total{controller="node",result="error"}': 0,
  'controller_runtime_reconcile_total{controller="node",result="requeue"}': 0,
  'controller_runtime_reconcile_total{controller="node",result="requeue_after"}': 0,
  'controller_runtime_reconcile_errors_total{controller="node"}': 0,
  'controller_runtime_terminal_reconcile_errors_total{controller="node"}': 0,
  'controller_runtime_reconcile_panics_total{controller="node"}': 0,
  'controller_runtime_reconcile_timeouts_total{controller="node"}': 0,
  'controller_runtime_reconcile_time_seconds_bucket{le="0.005",controller="node"}': 0,
  'controller_runtime_reconcile_time_seconds_bucket{le="60",controller="node"}': 0,
  'controller_runtime_reconcile_time_seconds_count{controller="node"}': 0,
  'controller_runtime_max_concurrent_reconciles{controller="node"}': 2,
  'controller_runtime_active_workers{controller="node"}': 0,
  'workqueue_depth{name="node",controller="node",priority="edit"}': 0,
  'workqueue_depth{name="node",controller="node",priority="event"}': 0,
  'workqueue_depth{name="node",controller="node",priority="resync"}': 0,
  'workqueue_adds_total{name="node",controller="node"}': 0,
  'workqueue_queue_duration_seconds_bucket{le="1e-8",name="node",controller="node"}': 0,
  'workqueue_queue_duration_seconds_bucket{le="1000",name="node",controller="node"}': 0,
  'workqueue_work_duration_seconds_count{name="node",controller="node"}': 0,
  'workqueue_unfinished_work_seconds{name="node",controller="node"}': 0,
  'workqueue_longest_running_processor_seconds{name="node",controller="node"}': 0,
  'workqueue_retries_total{name="node",controller="node"}': 0,
  'k8slab_manifest_files{state="ok"}': 0,
  'k8slab_manifest_files{state="invalid"}': 0,
  'k8slab_build_info{version="1.2.3"}': 1,
  k8slab_collect_errors_total: 0,
};

function createBed(reconcile: () => Promise<Record<string, never>>): { metrics: Metrics; clock: FakeClock } {
  const clock = createFakeClock();
  const metrics = createMetrics({ version: '1.2.3' });
  const queue = createWorkQueue({ name: 'node', clock, metrics, random: () => 0.5 });
  const controller = createController({
    name: 'node',
    queue,
    reconcile,
    workers: 2,
    clock,
    metrics,
    log: silentLogger(),
  });
  for (const key of ['a', 'b', 'c']) queue.add(key);
  controller.start();
  return { metrics, clock };
}

test('every series of a controller and its queue exists before the first pass', async () => {
  const metrics = createMetrics({ version: '1.2.3' });
  const clock = createFakeClock();
  const queue = createWorkQueue({ name: 'node', clock, metrics });
  createController({
    name: 'node',
    queue,
    reconcile: () => Promise.resolve({}),
    workers: 2,
    clock,
    metrics,
    log: silentLogger(),
  });

  const found: Record<string, number | undefined> = {};
  for (const series of Object.keys(EXPECTED)) found[series] = await sample(metrics, series);

  assert.deepEqual(found, EXPECTED);
});

test('passes, workers and queue are counted as they run', async () => {
  const { metrics, clock } = createBed(async () => {
    await clock.sleep(2000);
    return {};
  });
  await clock.advance(500);

  assert.equal(await sample(metrics, 'controller_runtime_active_workers{controller="node"}'), 2);
  assert.equal(await sample(metrics, 'workqueue_depth{name="node",controller="node",priority="event"}'), 1);
  assert.equal(await sample(metrics, 'workqueue_unfinished_work_seconds{name="node",controller="node"}'), 1);
  assert.equal(
    await sample(metrics, 'workqueue_longest_running_processor_seconds{name="node",controller="node"}'),
    0.5,
  );
  await clock.advance(10_000);

  assert.equal(await sample(metrics, 'controller_runtime_active_workers{controller="node"}'), 0);
  assert.equal(
    await sample(metrics, 'controller_runtime_reconcile_total{controller="node",result="success"}'),
    3,
  );
  assert.equal(await sample(metrics, 'controller_runtime_reconcile_time_seconds_sum{controller="node"}'), 6);
  assert.equal(await sample(metrics, 'workqueue_adds_total{name="node",controller="node"}'), 3);
  assert.equal(
    await sample(metrics, 'workqueue_queue_duration_seconds_sum{name="node",controller="node"}'),
    2,
  );
  assert.equal(
    await sample(metrics, 'workqueue_work_duration_seconds_sum{name="node",controller="node"}'),
    6,
  );
  assert.equal(await sample(metrics, 'workqueue_depth{name="node",controller="node",priority="event"}'), 0);
});

const outcomes = [
  { outcome: 'error', result: 'error', family: undefined },
  { outcome: 'terminal', result: 'error', family: 'controller_runtime_terminal_reconcile_errors_total' },
  { outcome: 'panic', result: 'error', family: 'controller_runtime_reconcile_panics_total' },
  { outcome: 'timeout', result: 'error', family: 'controller_runtime_reconcile_timeouts_total' },
  { outcome: 'requeue_after', result: 'requeue_after', family: undefined },
  { outcome: 'interrupted', result: undefined, family: undefined },
] as const;

for (const { outcome, result, family } of outcomes) {
  test(`${outcome === 'panic' ? 'E100: ' : ''}${outcome} counts where controller-runtime counts it`, async () => {
    const metrics = createMetrics({ version: '1' });
    const meter = metrics.controller('node', 1);

    meter.passStarted();
    meter.passEnded(outcome, 1.5);

    const counted: string[] = [];
    for (const line of (await metrics.text()).split('\n')) {
      if (
        /^controller_runtime_reconcile_(total|\w+_total)|^controller_runtime_terminal/.test(line) &&
        line.endsWith(' 1')
      ) {
        counted.push(line.replace(/ 1$/, ''));
      }
    }
    assert.deepEqual(counted, [
      ...(result === undefined
        ? []
        : [`controller_runtime_reconcile_total{controller="node",result="${result}"}`]),
      ...(result === 'error' ? ['controller_runtime_reconcile_errors_total{controller="node"}'] : []),
      ...(family === undefined ? [] : [`${family}{controller="node"}`]),
    ]);
  });
}
