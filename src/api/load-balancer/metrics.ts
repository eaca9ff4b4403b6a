import type { MetricFamily } from '../kinds/metrics.ts';
import type { ObjectOf } from '../meta.ts';
import { isServerUp } from './status.ts';

const SERVER = ['backend', 'server'];

/** What the HAProxies say of themselves. */
export const loadBalancerMetrics: readonly MetricFamily<ObjectOf<'LoadBalancer'>>[] = [
  {
    name: 'server_up',
    help: 'Whether HAProxy sends connections to a server',
    labels: SERVER,
    samples: ({ status: { servers = [] } }) =>
      servers.map((each) => [[each.backend, each.server], isServerUp(each) ? 1 : 0]),
  },
  {
    name: 'server_sessions',
    help: 'Connections to a server now',
    labels: SERVER,
    samples: ({ status: { servers = [] } }) =>
      servers.map((each) => [[each.backend, each.server], each.sessions]),
  },
  {
    name: 'sessions',
    help: 'Connections to all frontends now',
    labels: [],
    samples: ({ status: { sessions } }) => [[[], sessions]],
  },
  {
    name: 'last_reload_timestamp_seconds',
    help: 'When HAProxy last read its configuration',
    labels: [],
    samples: ({ status: { lastReload } }) => [
      [[], lastReload === undefined ? undefined : Date.parse(lastReload) / 1000],
    ],
  },
];
