import type { DaemonConfig } from '../api/daemon-config.ts';
import type { ObjectStore } from '../controllers/objects.ts';
import type { Dnsmasq } from '../drivers/dnsmasq.ts';
import { diskSpace } from '../drivers/io-errors.ts';
import type { Clock } from '../engine/clock.ts';
import type { Sample } from '../engine/family.ts';
import type { Metrics } from '../engine/metrics.ts';

export interface VmhostMetricsDeps {
  readonly store: Pick<ObjectStore, 'list'>;
  readonly dnsmasq: Pick<Dnsmasq, 'leases'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly config: Pick<DaemonConfig, 'storage'>;
}

/** What is read at each scrape from the vmhost's files; libvirt is not asked. */
export function addVmhostMetrics(metrics: Pick<Metrics, 'addFamily'>, deps: VmhostMetricsDeps): void {
  const { storage } = deps.config;
  const space = shared(() => diskSpace(storage));
  metrics.addFamily(
    {
      name: 'k8slab_network_leases',
      type: 'gauge',
      help: 'Leases of a network that have not expired',
      labels: ['name'],
    },
    () => leases(deps),
  );
  const labels = ['path'];
  metrics.addFamily(
    {
      name: 'k8slab_storage_free_bytes',
      type: 'gauge',
      help: 'Free space where images, disks and seeds are',
      labels,
    },
    async () => [[[storage], (await space())?.free]],
  );
  metrics.addFamily(
    { name: 'k8slab_storage_size_bytes', type: 'gauge', help: 'Size of that file system', labels },
    async () => [[[storage], (await space())?.size]],
  );
}

async function leases({ store, dnsmasq, clock }: VmhostMetricsDeps): Promise<Sample[]> {
  const now = clock.now() / 1000;
  const networks = store.list('Network').map(async ({ metadata: { name }, status }): Promise<Sample> => {
    if (status.bridge === undefined) return [[name], undefined];
    const all = await dnsmasq.leases(status.bridge);
    return [[name], all.filter(({ expiry }) => expiry === 0 || expiry > now).length];
  });
  return Promise.all(networks);
}

/** One look at a time, also while a disk does not answer. */
function shared<T>(read: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= read().finally(() => {
      running = undefined;
    });
    return running;
  };
}
