import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../../src/engine/metrics.ts';
import { sample } from './sample.ts';
import type { LoadBalancerStatus } from '../../src/api/load-balancer/object.ts';

const server = { backend: 'main', node: 'a', address: '192.168.111.10', port: 6443 };
const status: LoadBalancerStatus = {
  conditions: [],
  sessions: 7,
  lastReload: '2026-01-01T00:00:00Z',
  servers: [
    { ...server, server: 'a', state: 'UP 1/3', sessions: 4 },
    { ...server, server: 'b', state: 'DOWN', sessions: 0 },
    { ...server, server: 'c', state: 'MAINT' },
  ],
};

test('servers, sessions and the last reload are those of the LoadBalancers, and go with them', async () => {
  const metrics = createMetrics({ version: '1' });
  const metadata = { uid: 'u', generation: 1, resourceVersion: '1', creationTimestamp: '' };
  let objects = [{ kind: 'LoadBalancer' as const, metadata: { ...metadata, name: 'api' }, spec: {}, status }];
  metrics.watchObjects(() => objects);

  const found = await Promise.all(
    [
      'k8slab_loadbalancer_server_up{name="api",backend="main",server="a"}',
      'k8slab_loadbalancer_server_up{name="api",backend="main",server="b"}',
      'k8slab_loadbalancer_server_up{name="api",backend="main",server="c"}',
      'k8slab_loadbalancer_server_sessions{name="api",backend="main",server="a"}',
      'k8slab_loadbalancer_server_sessions{name="api",backend="main",server="c"}',
      'k8slab_loadbalancer_sessions{name="api"}',
      'k8slab_loadbalancer_last_reload_timestamp_seconds{name="api"}',
    ].map((series) => sample(metrics, series)),
  );
  objects = [];

  assert.deepEqual(found, [1, 0, 0, 4, undefined, 7, 1_767_225_600]);
  assert.doesNotMatch(await metrics.text(), /name="api"/);
});
