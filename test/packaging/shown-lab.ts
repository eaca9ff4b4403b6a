import { daemonConfig } from '../../src/api/daemon-config.ts';
import { PENDING_TYPES } from '../../src/api/conditions.ts';
import type { Condition, Kind } from '../../src/api/meta.ts';
import { addElectedMetrics } from '../../src/daemon/api-server/metrics.ts';
import { createQueues } from '../../src/daemon/controllers.ts';
import { addVmhostMetrics } from '../../src/daemon/vmhost-metrics.ts';
import { createDrivers } from '../../src/daemon/wiring.ts';
import { systemClock } from '../../src/engine/clock.ts';
import { silentLogger } from '../../src/engine/logger.ts';
import { createMetrics, type Metrics } from '../../src/engine/metrics.ts';

export interface ShownLab {
  readonly metrics: Metrics;
  /** A moment passes, in which everything happens that is counted. */
  step(): void;
}

const NETWORK = 'k8s-net';
const NODES = ['master00', 'master01', 'master02', 'worker00', 'worker01'];
const REACHED = ['Defined', 'Running', 'AddressBound', 'NameResolved', 'SSHReachable', 'CloudInitDone'];

/** The daemon's own metrics of a lab in which every family has a series. */
export function createShownLab(): ShownLab {
  const clock = systemClock();
  const metrics = createMetrics({ version: '1.0.0', clock });
  const config = daemonConfig.parse({});
  const identity = { privateKey: '', publicKey: '' };
  createDrivers({ config, clock, metrics, log: silentLogger(), identity });
  const controllers = (['node', 'network', 'image', 'loadbalancer', 'vmhost'] as const).map((name) =>
    metrics.controller(name, 2),
  );
  const queues = Object.values(createQueues(clock, metrics));
  const objects = shownObjects();
  metrics.watchObjects(() => objects);
  const leases = NODES.map((_, index) => ({ mac: '', ip: `192.168.111.${index + 10}`, expiry: 0 }));
  addVmhostMetrics(metrics, {
    store: { list: () => [objects.find(({ kind }) => kind === 'Network') as never] },
    dnsmasq: { leases: () => Promise.resolve(leases) },
    clock,
    config,
  });
  addElectedMetrics(metrics, () => ({ isElected: true, unschedulable: 1, away: ['vmhost2'] }));
  metrics.setManifestFiles({ ok: 6, invalid: ['/etc/k8slab.d/90-new.yaml'] });
  metrics.setSourceAvailable(true);
  metrics.setSourceRead(clock.now() / 1000);
  metrics.setRemovalsHeld(1);
  let steps = 0;
  return {
    metrics,
    step() {
      steps += 1;
      for (const queue of queues) {
        queue.add(`key${steps}`);
        void queue.get().then((key) => key !== undefined && queue.done(key));
      }
      for (const controller of controllers) {
        controller.passStarted();
        controller.passEnded(steps % 7 === 0 ? 'error' : 'success', 0.02 * ((steps % 5) + 1));
      }
      call(metrics, steps);
      metrics.setFetch('debian', { phase: 'Downloading', bytes: steps * 4_000_000, total: 400_000_000 });
    },
  };
}

function call(metrics: Metrics, steps: number): void {
  const reason = steps % 2 === 0 ? 'OperationFailed' : undefined;
  metrics.driverCall({ driver: 'virsh', op: 'dumpxml', seconds: 0.004, reason });
  metrics.driverCall({ driver: 'virsh', op: 'net-update', seconds: 0.3, mutating: true });
  metrics.driverCall({ driver: 'ssh', op: 'exec', seconds: 0.2 });
  metrics.driverCall({ driver: 'kube', op: 'apply-node', seconds: 0.01, mutating: true });
  metrics.driverWaited('virsh', 0.002);
  metrics.driverWaited('ssh', 0.3);
  metrics.guestsFelt('uplink', 0.4);
  metrics.guestsFelt('link', 4);
  metrics.guestsFelt('restart', 24);
  metrics.guestRestarted('manifest');
  metrics.driftRepaired({ kind: 'Node', name: 'worker00' });
  metrics.networkRestarted(NETWORK);
  metrics.eventRecorded({ kind: 'Node', type: steps % 4 === 0 ? 'Warning' : 'Normal' });
}

function shownObjects() {
  const entries = NODES.map((node) => ({ node, live: node !== 'worker01' }));
  const servers = NODES.slice(0, 3).map((server, index) => ({
    ...{ backend: 'kubernetes', server, node: server, address: `192.168.111.${index + 10}`, port: 6443 },
    ...{ state: index === 2 ? 'DOWN' : 'UP', sessions: index },
  }));
  return [
    ...NODES.map((name, index) =>
      object('Node', name, [ready(name !== 'worker01'), ...reached(name)], {
        spec: { role: name.replace(/\d+$/, ''), networks: [{ network: NETWORK }] },
        status: { address: `192.168.111.${index + 10}` },
      }),
    ),
    object('Network', NETWORK, [ready(true)], {
      spec: { cidr: '192.168.111.0/24', domain: 'k8s.lab' },
      status: { bridge: 'virbr1', entries, overlay: { peers: 2, unreachable: 1 } },
    }),
    object('Image', 'debian', [ready(true)], { spec: {}, status: { virtualSize: 2 ** 31 } }),
    object('LoadBalancer', 'api', [ready(true)], { spec: {}, status: { servers, sessions: 3 } }),
    object('Vmhost', 'vmhost', [ready(true)], {
      spec: {},
      status: { libvirtVersion: '9.0.0', arch: 'x86_64', domainType: 'kvm' },
    }),
  ];
}

function reached(name: string): Condition[] {
  const pending = name === 'worker00' ? PENDING_TYPES.slice(0, 2) : [];
  return [...REACHED, 'Synced', 'AddressAgreed', ...pending].map((type) => is(type, 'True', 'Done'));
}

function ready(yes: boolean): Condition {
  return yes ? is('Ready', 'True', 'Ready') : is('Ready', 'False', 'NoLease');
}

function is(type: string, status: Condition['status'], reason: string): Condition {
  return { type, status, reason, message: '', lastTransitionTime: '2026-11-01T00:00:00Z' };
}

function object(
  kind: Kind,
  name: string,
  conditions: readonly Condition[],
  more: { readonly spec: object; readonly status: object },
) {
  const metadata = { name, uid: name, generation: 1, resourceVersion: '1', creationTimestamp: '' };
  return { kind, metadata, spec: more.spec, status: { ...more.status, conditions } };
}
