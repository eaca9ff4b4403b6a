import type { Metrics } from '../../engine/metrics.ts';
import type { KubeRequestSeen } from '../../drivers/kube/client.ts';
import type { ElectedState } from './elected.ts';
import { SCHEDULER_LEASE } from './election.ts';

/** What is read at each scrape of the election, and of what the elected daemon sees. */
export function addElectedMetrics(metrics: Pick<Metrics, 'addFamily'>, state: () => ElectedState): void {
  // What only the elected daemon knows has no value with the others.
  const ofElected =
    (value: (known: ElectedState) => number) => (): [readonly string[], number | undefined][] => {
      const known = state();
      return [[[], known.isElected ? value(known) : undefined]];
    };
  metrics.addFamily(
    {
      name: 'leader_election_master_status',
      type: 'gauge',
      help: '1 with the daemon that was elected to place Nodes for all vmhosts, 0 with the others',
      labels: ['name'],
    },
    () => [[[SCHEDULER_LEASE], state().isElected ? 1 : 0]],
  );
  metrics.addFamily(
    { name: 'k8slab_unschedulable_nodes', type: 'gauge', help: 'Nodes that no vmhost takes', labels: [] },
    ofElected(({ unschedulable }) => unschedulable),
  );
  metrics.addFamily(
    {
      name: 'k8slab_vmhosts_away',
      type: 'gauge',
      help: 'Vmhosts that do not renew their Leases',
      labels: [],
    },
    ofElected(({ away }) => away.length),
  );
}

const READING: ReadonlySet<string> = new Set(['get', 'list', 'watch']);
const REFUSED = 400;

/** Counts the requests to an API server as calls of a driver. */
export function kubeMeter({ driverCall }: Pick<Metrics, 'driverCall'>): (seen: KubeRequestSeen) => void {
  return ({ verb, kind, code, seconds }) => {
    const isBad = code === 'error' || code >= REFUSED;
    const op = `${verb}-${kind.toLowerCase()}`;
    driverCall({
      driver: 'kube',
      op,
      seconds,
      mutating: !READING.has(verb),
      ...(isBad ? { reason: String(code) } : {}),
    });
  };
}
