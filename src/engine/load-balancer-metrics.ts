import { Gauge, type Registry } from 'prom-client';
import type { ApiObject } from '../api/meta.ts';
import type { LoadBalancerStatus } from '../api/kinds/objects.ts';
import { isServerUp } from '../api/load-balancer/status.ts';

type Objects = () => Iterable<Pick<ApiObject, 'kind' | 'metadata' | 'status'>>;

interface Family {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  /** Label values beside the LoadBalancer's name, and the value. */
  readonly samples: (
    status: LoadBalancerStatus,
  ) => readonly (readonly [readonly string[], number | undefined])[];
}

const SERVER = ['name', 'backend', 'server'];

const FAMILIES: readonly Family[] = [
  {
    name: 'server_up',
    help: 'Whether HAProxy sends connections to a server',
    labelNames: SERVER,
    samples: ({ servers = [] }) =>
      servers.map((each) => [[each.backend, each.server], isServerUp(each) ? 1 : 0]),
  },
  {
    name: 'server_sessions',
    help: 'Connections to a server now',
    labelNames: SERVER,
    samples: ({ servers = [] }) => servers.map((each) => [[each.backend, each.server], each.sessions]),
  },
  {
    name: 'sessions',
    help: 'Connections to all frontends now',
    labelNames: ['name'],
    samples: ({ sessions }) => [[[], sessions]],
  },
  {
    name: 'last_reload_timestamp_seconds',
    help: 'When HAProxy last read its configuration',
    labelNames: ['name'],
    samples: ({ lastReload }) => [[[], lastReload === undefined ? undefined : Date.parse(lastReload) / 1000]],
  },
];

/** What the HAProxies say of themselves; LoadBalancers that are gone have no series. */
export function registerLoadBalancers(registry: Registry, objects: Objects): void {
  for (const family of FAMILIES) registerFamily(registry, family, objects);
}

function registerFamily(registry: Registry, family: Family, objects: Objects): void {
  const gauge = new Gauge({
    name: `k8slab_loadbalancer_${family.name}`,
    help: family.help,
    labelNames: [...family.labelNames],
    registers: [registry],
    collect() {
      gauge.reset();
      for (const { kind, metadata, status } of objects()) {
        if (kind !== 'LoadBalancer') continue;
        for (const [values, value] of family.samples(status)) {
          const labels = [metadata.name, ...values].map((label, index) => [family.labelNames[index], label]);
          if (value !== undefined) gauge.set(Object.fromEntries(labels) as Record<string, string>, value);
        }
      }
    },
  });
}
