import { Counter, Histogram, type Registry } from 'prom-client';

/** One call of a driver, as it ended. */
export interface DriverCall {
  /** `virsh`, `dnsmasq`, `ssh`, … */
  readonly driver: string;
  /** Name of the operation, one of a fixed set: `net-define`. */
  readonly op: string;
  readonly seconds: number;
  /** Reason of the ReasonedError it failed with. */
  readonly reason?: string | undefined;
  /** It changes what it talks to. Failed ones count too: they may have changed something. */
  readonly mutating?: boolean | undefined;
}

/** What a driver can be asked, and why it may fail, as far as that is known beforehand. */
export interface DriverOps {
  readonly reading: readonly string[];
  readonly mutating: readonly string[];
  readonly reasons?: readonly string[];
  /** Its calls wait for one of a few sessions. */
  readonly sessions?: boolean;
}

export interface DriverMetrics {
  driverCall(call: DriverCall): void;
  /** A call waited so long to begin: for a session that was free, its start included. */
  driverWaited(driver: string, seconds: number): void;
  /** Makes the series of these operations exist before their first call. */
  declareDriver(driver: string, ops: DriverOps): void;
}

const CALL_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const WAIT_BUCKETS = [0.001, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30];

/** How long calls of drivers took, which failed and why, which changed something, and how long they waited to begin. */
export function createDriverMetrics(registry: Registry): DriverMetrics {
  const registers = [registry];
  const labelNames = ['driver', 'op'] as const;
  const duration = new Histogram({
    name: 'k8slab_driver_call_duration_seconds',
    help: 'Time calls of drivers took, failed ones included',
    labelNames,
    buckets: CALL_BUCKETS,
    registers,
  });
  const waited = new Histogram({
    name: 'k8slab_driver_session_wait_seconds',
    help: 'Time calls waited for a free session of virsh, or for a connection and a free session of ssh',
    labelNames: ['driver'] as const,
    buckets: WAIT_BUCKETS,
    registers,
  });
  function counter<L extends string>(name: string, help: string, labels: readonly L[]): Counter<L> {
    return new Counter({ name, help, labelNames: labels, registers });
  }
  const errors = counter('k8slab_driver_errors_total', 'Calls of drivers that failed', labelNames);
  const reasons = counter('k8slab_driver_error_reasons_total', 'Calls of drivers that failed, by why', [
    'driver',
    'reason',
  ]);
  const mutations = counter(
    'k8slab_driver_mutations_total',
    'Calls of drivers that change what they talk to',
    labelNames,
  );
  return {
    driverWaited: (driver, seconds) => waited.observe({ driver }, seconds),
    driverCall({ driver, op, seconds, reason, mutating = false }) {
      duration.observe({ driver, op }, seconds);
      if (reason !== undefined) {
        errors.inc({ driver, op });
        reasons.inc({ driver, reason });
      }
      if (mutating) mutations.inc({ driver, op });
    },
    declareDriver(driver, { reading, mutating, reasons: known = [], sessions = false }) {
      for (const op of [...reading, ...mutating]) {
        duration.zero({ driver, op });
        errors.inc({ driver, op }, 0);
      }
      for (const op of mutating) mutations.inc({ driver, op }, 0);
      for (const reason of known) reasons.inc({ driver, reason }, 0);
      if (sessions) waited.zero({ driver });
    },
  };
}
