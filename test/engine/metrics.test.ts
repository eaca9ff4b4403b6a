import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { Gauge } from 'prom-client';
import { createMetrics, type Metrics } from '../../src/engine/metrics.ts';
import { createFakeClock } from './fake-clock.ts';
import { metadata } from './sample.ts';

const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;

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

  assert.doesNotMatch(
    text,
    /k8slab_object|k8slab_(loadbalancer|node|network|image|host)_[a-z_]+\{|k8slab_drift_total|k8slab_rejecting/,
  );
  assert.match(text, /^k8slab_build_info\{version="1"\} 1$/m);
  assert.match(text, /^process_start_time_seconds /m);
  assert.match(text, new RegExp(`^k8slab_collect_errors_total ${failed.length}$`, 'm'));
  for (const family of ['k8slab_object_condition', 'k8slab_drift_total', 'k8slab_rejecting'])
    assert.ok(failed.includes(family), family);
});

test('a family that is not done in time is left out and counted, the rest is served', async () => {
  const clock = createFakeClock();
  const metrics = createMetrics({ version: '1', clock });
  metrics.addFamily(
    { name: 'k8slab_hanging', type: 'gauge', help: 'x', labels: [] },
    () => new Promise(() => {}),
  );

  const text = metrics.text();
  await clock.advance(3000);

  assert.match(await text, /^k8slab_build_info\{version="1"\} 1$/m);
  assert.match(await text, /^k8slab_collect_errors_total 1$/m);
  assert.doesNotMatch(await text, /k8slab_hanging/);
});

test('every family says what it is, also where it has no series', () => {
  const catalogue = createMetrics({ version: '1' }).catalogue();

  const odd = catalogue.filter(
    ({ help, type }) => help === '' || !['counter', 'gauge', 'histogram', 'summary'].includes(type),
  );
  assert.deepEqual(odd, []);
  assert.equal(new Set(catalogue.map(({ name }) => name)).size, catalogue.length);
  assert.ok(catalogue.some(({ name }) => name === 'k8slab_image_fetch_bytes'));
});

const WORKS: Readonly<Record<string, (metrics: Metrics) => void>> = {
  'a pass': (metrics) => metrics.controller('node', 1).passStarted(),
  'a call of a driver': (metrics) => metrics.driverCall({ driver: 'virsh', op: 'list', seconds: 0.1 }),
};

for (const [name, work] of Object.entries(WORKS)) {
  test(`the lag of the event loop is measured around ${name}`, async () => {
    const metrics = createMetrics({ version: '1' });
    work(metrics);
    const blocked = performance.now() + 100;
    while (performance.now() < blocked);

    let lag = 0;
    for (let turn = 0; lag === 0 && turn < 1000; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      lag = Number(/^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(await metrics.text())?.[1]);
    }

    assert.ok(lag > 0.05, `${lag}`);
  });
}

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
    const metrics = createMetrics({ version: '1' });
    const ready = {
      type: 'Ready',
      status: 'True',
      reason: 'X',
      message: '',
      lastTransitionTime: '',
    } as const;
    metrics.watchObjects(() => [
      {
        kind: 'Node',
        metadata: metadata('master00'),
        spec: { networks: [] },
        status: { conditions: [ready] },
      },
    ]);
    metrics.controller('node', 2).passEnded('success', 0.1);
    const depth = { edit: 0, event: 1, resync: 0 };
    metrics.queue('node').watch(() => ({ depth, unfinishedSeconds: 0, longestRunningSeconds: 0 }));
    metrics.driverCall({ driver: 'virsh', op: 'list', seconds: 0.1, reason: 'X', mutating: true });
    metrics.eventRecorded({ kind: 'Node', type: 'Normal' });

    const checked = spawnSync('promtool', ['check', 'metrics'], {
      input: await metrics.text(),
      encoding: 'utf8',
    });

    assert.equal(checked.stderr + checked.stdout, '');
    assert.equal(checked.status, 0);
  },
);
