import { Counter, Gauge, type Registry } from 'prom-client';
import type { ApiObject, Kind } from '../api/meta.ts';
import type { LoadBalancerStatus } from '../api/objects.ts';
import { isServerUp } from '../api/status/load-balancer.ts';

type Objects = () => Iterable<Pick<ApiObject, 'kind' | 'metadata' | 'status'>>;

export interface LoadBalancerMetrics {
  driftFound(kind: Kind, name: string): void;
  /** Where LoadBalancers are read from at every scrape; those that are gone have no series. */
  watch(objects: Objects): void;
}

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

/** What the HAProxies say of themselves, and what had to be repaired. */
export function registerLoadBalancers(registry: Registry): LoadBalancerMetrics {
  let watched: Objects = () => [];
  const drifts = registerDrift(registry, () => watched());
  for (const family of FAMILIES) registerFamily(registry, family, () => watched());
  return {
    driftFound(kind, name) {
      const key = `${kind}/${name}`;
      drifts.set(key, (drifts.get(key) ?? 0) + 1);
    },
    watch: (objects) => void (watched = objects),
  };
}

/** @returns how often each `Kind/name` had drifted */
function registerDrift(registry: Registry, objects: Objects): Map<string, number> {
  const drifts = new Map<string, number>();
  const counter = new Counter({
    name: 'k8slab_drift_total',
    help: 'Times that something changed behind the manifest was repaired',
    labelNames: ['kind', 'name'] as const,
    registers: [registry],
    collect() {
      counter.reset();
      for (const { kind, metadata } of objects()) {
        const count = drifts.get(`${kind}/${metadata.name}`);
        if (count !== undefined) counter.inc({ kind, name: metadata.name }, count);
      }
    },
  });
  return drifts;
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
