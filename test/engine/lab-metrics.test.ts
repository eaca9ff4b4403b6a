import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Condition, ObjectStatus } from '../../src/api/meta.ts';
import { createMetrics } from '../../src/engine/metrics.ts';
import { createStore } from '../../src/engine/store.ts';
import { createFakeClock } from './fake-clock.ts';
import { metadata, sample } from './sample.ts';

test('E95, E96: a condition has one series with its status, read at the scrape; a deleted object has none', async () => {
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
  assert.equal(await sample(metrics, `${series}"False",reason="X"}`), 1);
  assert.equal(await sample(metrics, `${series}"True",reason="X"}`), undefined);
  store.updateStatus('Node', 'master00', uid, { conditions: [{ ...ready, status: 'True' }] });
  assert.equal(await sample(metrics, `${series}"True",reason="X"}`), 1);
  assert.equal(await sample(metrics, `${series}"False",reason="X"}`), undefined);
  store.remove('Node', 'master00');

  assert.doesNotMatch(await metrics.text(), /master00/);
});

test('E96: repaired drift is counted by object, from 0 on, and goes with the object', async () => {
  const metrics = createMetrics({ version: '1' });
  const store = createStore<{ Node: { spec: string; status: ObjectStatus } }>({ clock: createFakeClock() });
  metrics.watchObjects(() => store.all());
  store.apply('Node', { name: 'master00', spec: '', hash: '' });
  const series = 'k8slab_drift_total{kind="Node",name="master00"}';

  const before = await sample(metrics, series);
  metrics.driftRepaired({ kind: 'Node', name: 'master00' });
  const after = await sample(metrics, series);
  store.remove('Node', 'master00');
  const gone = await sample(metrics, series);
  store.apply('Node', { name: 'master00', spec: '', hash: '' });

  assert.deepEqual([before, after, gone, await sample(metrics, series)], [0, 1, undefined, 0]);
});

test('a thousand Nodes have a series a condition, one for drift and one that says what they are', async () => {
  const metrics = createMetrics({ version: '1' });
  const conditions = ['Ready', 'Synced', 'Running'].map((type): Condition => ({
    type,
    status: 'True',
    reason: 'X',
    message: '',
    lastTransitionTime: '',
  }));
  const spec = { networks: [] };
  const names = Array.from({ length: 1000 }, (_, index) => `worker${index}`);
  metrics.watchObjects(() =>
    names.map((name) => ({ kind: 'Node', metadata: metadata(name), spec, status: { conditions } })),
  );

  const lines = (await metrics.text()).split('\n').filter((line) => line.includes('name="worker'));

  assert.equal(lines.length, 5000);
});

test('driver calls, their failures and their mutations are counted', async () => {
  const metrics = createMetrics({ version: '1' });
  metrics.declareDriver('virsh', {
    reading: ['list'],
    mutating: ['net-define', 'start'],
    reasons: ['NotFound'],
  });
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
      'k8slab_driver_errors_total{driver="virsh",op="net-define"}',
      'k8slab_driver_errors_total{driver="virsh",op="list"}',
      'k8slab_driver_error_reasons_total{driver="virsh",reason="LibvirtDown"}',
      'k8slab_driver_error_reasons_total{driver="virsh",reason="NotFound"}',
    ].map((series) => sample(metrics, series)),
  );

  assert.deepEqual(found, [1, 5.3, 0, 2, 0, undefined, 1, 0, 1, 0]);
});

test('events and manifest files are counted', async () => {
  const metrics = createMetrics({ version: '1' });

  const before = await sample(metrics, 'k8slab_events_total{kind="Node",type="Normal"}');
  metrics.eventRecorded({ kind: 'Node', type: 'Normal' });
  metrics.setManifestFiles({ ok: 6, invalid: ['a "b".yaml'] });

  assert.equal(before, 0);
  assert.equal(await sample(metrics, 'k8slab_events_total{kind="Node",type="Normal"}'), 1);
  assert.equal(await sample(metrics, 'k8slab_manifest_file_invalid{file="a \\"b\\".yaml"}'), 1);
  assert.equal(await sample(metrics, 'k8slab_manifest_files{state="ok"}'), 6);
  assert.equal(await sample(metrics, 'k8slab_manifest_files{state="invalid"}'), 1);
});
