import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { Gauge } from 'prom-client';
import type { Condition, ObjectStatus } from '../../src/api/meta.ts';
import { createController } from '../../src/engine/controller.ts';
import { silentLogger } from '../../src/engine/logger.ts';
import { createMetrics, type Metrics } from '../../src/engine/metrics.ts';
import { createStore } from '../../src/engine/store.ts';
import { createWorkQueue } from '../../src/engine/work-queue.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';

const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;

/** The value of one series, given as the exposition writes it; undefined when it is not there. */
async function sample(metrics: Metrics, series: string): Promise<number | undefined> {
  const line = (await metrics.text()).split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

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
  'workqueue_depth{name="node",controller="node",priority=""}': 0,
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
  assert.equal(await sample(metrics, 'workqueue_depth{name="node",controller="node",priority=""}'), 1);
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
  assert.equal(await sample(metrics, 'workqueue_depth{name="node",controller="node",priority=""}'), 0);
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
  test(`${outcome} counts where controller-runtime counts it`, async () => {
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

test('conditions are read at the scrape, and a deleted object has no series', async () => {
  const metrics = createMetrics({ version: '1' });
  const store = createStore<{ Node: { spec: string; status: ObjectStatus } }>({ clock: createFakeClock() });
  metrics.watchObjects(() => store.all());
  const { uid } = store.apply('Node', { name: 'master00', spec: '', hash: '' }).object.metadata;
  const ready: Condition = {
    type: 'Ready',
    status: 'False',
    reason: 'X',
    message: '',
    lastTransitionTime: '',
  };
  const series = 'k8slab_object_condition{kind="Node",name="master00",type="Ready",status=';

  store.updateStatus('Node', 'master00', uid, { conditions: [ready] });
  assert.equal(await sample(metrics, `${series}"False"}`), 1);
  assert.equal(await sample(metrics, `${series}"True"}`), 0);
  assert.equal(await sample(metrics, `${series}"Unknown"}`), 0);
  store.updateStatus('Node', 'master00', uid, { conditions: [{ ...ready, status: 'True' }] });
  assert.equal(await sample(metrics, `${series}"True"}`), 1);
  assert.equal(await sample(metrics, `${series}"False"}`), 0);
  store.remove('Node', 'master00');

  assert.doesNotMatch(await metrics.text(), /master00/);
});

test('driver calls, their failures and their mutations are counted', async () => {
  const metrics = createMetrics({ version: '1' });
  metrics.declareDriver('virsh', { reading: ['list'], mutating: ['net-define', 'start'] });
  metrics.driverCall({ driver: 'virsh', op: 'list', seconds: 0.02 });
  metrics.driverCall({ driver: 'virsh', op: 'net-define', seconds: 0.3, mutating: true });
  metrics.driverCall({
    driver: 'virsh',
    op: 'net-define',
    seconds: 5,
    mutating: true,
    reason: 'LibvirtDown',
  });

  const found = await Promise.all(
    [
      'k8slab_driver_call_duration_seconds_count{driver="virsh",op="list"}',
      'k8slab_driver_call_duration_seconds_sum{driver="virsh",op="net-define"}',
      'k8slab_driver_call_duration_seconds_count{driver="virsh",op="start"}',
      'k8slab_driver_mutations_total{driver="virsh",op="net-define"}',
      'k8slab_driver_mutations_total{driver="virsh",op="start"}',
      'k8slab_driver_mutations_total{driver="virsh",op="list"}',
      'k8slab_driver_errors_total{driver="virsh",op="net-define",reason="LibvirtDown"}',
    ].map((series) => sample(metrics, series)),
  );

  assert.deepEqual(found, [1, 5.3, 0, 2, 0, undefined, 1]);
});

test('events and manifest files are counted', async () => {
  const metrics = createMetrics({ version: '1' });

  metrics.eventRecorded({ kind: 'Node', reason: 'DomainStarted', type: 'Normal' });
  metrics.setManifestFiles({ ok: 6, invalid: 1 });

  assert.equal(
    await sample(metrics, 'k8slab_events_total{kind="Node",reason="DomainStarted",type="Normal"}'),
    1,
  );
  assert.equal(await sample(metrics, 'k8slab_manifest_files{state="ok"}'), 6);
  assert.equal(await sample(metrics, 'k8slab_manifest_files{state="invalid"}'), 1);
});

test('a family that throws is left out and counted, the rest is served', async () => {
  const failed: string[] = [];
  const metrics = createMetrics({ version: '1', onCollectError: (family) => failed.push(family) });
  metrics.watchObjects(() => {
    throw new Error('store is broken');
  });
  metrics.registry.registerMetric(
    new Gauge({
      name: 'k8slab_rejecting',
      help: 'x',
      registers: [],
      collect: () => Promise.reject(new Error('no')),
    }),
  );

  const text = await metrics.text();

  assert.doesNotMatch(text, /k8slab_object_condition|k8slab_rejecting/);
  assert.match(text, /^k8slab_build_info\{version="1"\} 1$/m);
  assert.match(text, /^process_start_time_seconds /m);
  assert.match(text, /^k8slab_collect_errors_total 2$/m);
  assert.deepEqual(failed, ['k8slab_object_condition', 'k8slab_rejecting']);
});

test('two registries do not know of each other', async () => {
  const [first, second] = [createMetrics({ version: '1' }), createMetrics({ version: '2' })];

  first.controller('node', 1);

  assert.doesNotMatch(await second.text(), /controller="node"/);
  assert.equal(second.contentType, 'text/plain; version=0.0.4; charset=utf-8');
});

test(
  'promtool finds nothing to say',
  { skip: hasPromtool ? false : 'promtool is not installed' },
  async () => {
    const { metrics, clock } = createBed(() => Promise.resolve({}));
    metrics.driverCall({ driver: 'virsh', op: 'list', seconds: 0.1, reason: 'X', mutating: true });
    metrics.eventRecorded({ kind: 'Node', reason: 'DomainStarted', type: 'Normal' });
    await clock.advance(1000);

    const checked = spawnSync('promtool', ['check', 'metrics'], {
      input: await metrics.text(),
      encoding: 'utf8',
    });

    assert.equal(checked.stderr + checked.stdout, '');
    assert.equal(checked.status, 0);
  },
);
