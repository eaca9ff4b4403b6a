import assert from 'node:assert/strict';
import { it } from 'node:test';
import { condition } from '../../src/api/conditions.ts';
import type { Action } from '../../src/api/disruption/action.ts';
import type { AnyObject, Kind } from '../../src/api/meta.ts';
import type { Reconciler } from '../../src/controllers/reconciler.ts';
import { createFelt } from '../../src/daemon/felt.ts';
import { createMetrics } from '../../src/engine/metrics.ts';
import { withNode } from '../controllers/bed.ts';
import { sample } from '../engine/sample.ts';

const RESTARTS = 'k8slab_guest_restarts_total{cause=';
const FELT = 'k8slab_guest_disruption_seconds_';

/** The Node "a" on the network "k8s-net", whose steps take as long as they are told. */
function createBed() {
  const { store, clock } = withNode();
  const metrics = createMetrics({ version: '1' });
  metrics.watchObjects(() => store.all());
  let takesMs = 0;
  const reconciler = { execute: () => clock.advance(takesMs) } as unknown as Reconciler<
    Kind,
    Action,
    unknown
  >;
  const measured = createFelt({ store, clock, metrics }).measured(reconciler);
  return {
    clock,
    series: (name: string) => sample(metrics, name),
    remove: () => store.remove('Node', 'a'),
    async execute(kind: 'Node' | 'Network', action: object, ms = 0) {
      takesMs = ms;
      const object = store.list(kind)[0] as AnyObject;
      await measured.execute(action as Action, {} as never, object, new AbortController().signal);
    },
    ready(status: 'True' | 'False') {
      const [node] = store.list('Node');
      if (node === undefined) return;
      const { name, uid } = node.metadata;
      const conditions = [{ ...condition('Ready', status, 'Ready'), lastTransitionTime: '' }];
      store.updateStatus('Node', name, uid, { conditions });
    },
  };
}

const shutdown = { type: 'ShutdownDomain', disruption: 'restart', reason: '', seconds: 25, guests: ['a'] };
const start = { type: 'StartDomain', disruption: 'none', reason: '' };

it('a restart is felt from the first request to shut down until the Node is Ready again, and counted once', async () => {
  const bed = createBed();
  await bed.execute('Node', shutdown);
  await bed.clock.advance(10_000);
  await bed.execute('Node', shutdown);
  bed.ready('True');
  await bed.execute('Node', start);
  bed.ready('False');
  await bed.clock.advance(20_000);
  bed.ready('True');
  await bed.execute('Node', start);

  const found = [
    await bed.series(`${RESTARTS}"manifest"}`),
    await bed.series(`${RESTARTS}"drift"}`),
    await bed.series(`${FELT}count{disruption="restart"}`),
    await bed.series(`${FELT}sum{disruption="restart"}`),
  ];

  assert.deepEqual(found, [1, 0, 1, 30]);
});

it('a guest that shall stay off, or that goes, is no restart; one that others stopped is a repair', async () => {
  const bed = createBed();
  const { seconds: _seconds, ...off } = shutdown;
  await bed.execute('Node', shutdown);
  await bed.execute('Node', off);
  await bed.execute('Node', start);
  await bed.execute('Node', { ...start, drift: true });
  await bed.execute('Node', shutdown);
  bed.remove();

  const found = [
    await bed.series(`${RESTARTS}"manifest"}`),
    await bed.series(`${RESTARTS}"drift"}`),
    await bed.series(`${FELT}count{disruption="restart"}`),
  ];

  assert.deepEqual(found, [0, 1, 0]);
});

it('a restart of a network is counted, and felt by the guests that are on it', async () => {
  const bed = createBed();
  const restart = { type: 'RestartNetwork', disruption: 'uplink', reason: '', reboot: [] };
  await bed.execute('Network', { ...restart, disruption: 'none' }, 500);
  await bed.execute('Network', { ...restart, guests: ['a', 'b'] }, 700);
  await bed.execute(
    'Network',
    { ...restart, disruption: 'restart', reboot: ['a', 'b'], guests: ['a', 'b'] },
    300,
  );

  const found = [
    await bed.series('k8slab_network_restarts_total{name="k8s-net"}'),
    await bed.series(`${FELT}count{disruption="uplink"}`),
    await bed.series(`${FELT}sum{disruption="uplink"}`),
    await bed.series(`${RESTARTS}"network"}`),
  ];

  assert.deepEqual(found, [3, 2, 1, 2]);
});
