import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { KINDS } from '../api/kinds/list.ts';
import { registerKinds } from './kind-metrics.ts';
import { conditionFamily, createDrift, type Family, type WatchedObjects } from './object-metrics.ts';

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

export interface LabMetrics {
  driverCall(call: DriverCall): void;
  /** Makes the series of these operations exist before their first call. */
  declareDriver(
    driver: string,
    ops: { readonly reading: readonly string[]; readonly mutating: readonly string[] },
  ): void;
  /** A change made behind the manifest was repaired. */
  driftRepaired(object: { readonly kind: string; readonly name: string }): void;
  eventRecorded(event: { readonly kind: string; readonly reason: string; readonly type: string }): void;
  setManifestFiles(files: { readonly ok: number; readonly invalid: number }): void;
  setRemovalsHeld(count: number): void;
  /** Where conditions and servers are read from at every scrape; objects that are gone have no series. */
  watchObjects(objects: WatchedObjects): void;
}

const CALL_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** What is k8slab's own; `families` are those that are no prom-client metrics. */
export function createLabMetrics(
  registry: Registry,
  version: string,
): LabMetrics & { readonly families: readonly Family[] } {
  registerBuildInfo(registry, version);
  const setManifestFiles = registerManifestFiles(registry);
  let watched: WatchedObjects = () => [];
  const drift = createDrift(() => watched());
  const removalsHeld = new Gauge({
    name: 'k8slab_removals_held',
    help: 'Objects without a manifest whose removal waits to be confirmed',
    registers: [registry],
  });
  registerKinds(registry, KINDS, () => watched());
  const events = new Counter({
    name: 'k8slab_events_total',
    help: 'Events emitted about objects',
    labelNames: ['kind', 'reason', 'type'] as const,
    registers: [registry],
  });
  return {
    ...createDriverMetrics(registry),
    families: [conditionFamily(() => watched()), drift.family],
    driftRepaired: drift.repaired,
    eventRecorded: ({ kind, reason, type }) => events.inc({ kind, reason, type }),
    setManifestFiles,
    setRemovalsHeld: (count) => removalsHeld.set(count),
    watchObjects: (objects) => void (watched = objects),
  };
}

function createDriverMetrics(registry: Registry): Pick<LabMetrics, 'driverCall' | 'declareDriver'> {
  const registers = [registry];
  const labelNames = ['driver', 'op'] as const;
  const duration = new Histogram({
    name: 'k8slab_driver_call_duration_seconds',
    help: 'Time calls of drivers took, failed ones included',
    labelNames,
    buckets: CALL_BUCKETS,
    registers,
  });
  const errors = new Counter({
    name: 'k8slab_driver_errors_total',
    help: 'Calls of drivers that failed, by reason',
    labelNames: ['driver', 'op', 'reason'] as const,
    registers,
  });
  const mutations = new Counter({
    name: 'k8slab_driver_mutations_total',
    help: 'Calls of drivers that change what they talk to',
    labelNames,
    registers,
  });
  return {
    driverCall({ driver, op, seconds, reason, mutating = false }) {
      duration.observe({ driver, op }, seconds);
      if (reason !== undefined) errors.inc({ driver, op, reason });
      if (mutating) mutations.inc({ driver, op });
    },
    declareDriver(driver, { reading, mutating }) {
      for (const op of [...reading, ...mutating]) duration.zero({ driver, op });
      for (const op of mutating) mutations.inc({ driver, op }, 0);
    },
  };
}

function registerBuildInfo(registry: Registry, version: string): void {
  const info = new Gauge({
    name: 'k8slab_build_info',
    help: 'Always 1; the version is in the label',
    labelNames: ['version'] as const,
    registers: [registry],
  });
  info.set({ version }, 1);
}

function registerManifestFiles(registry: Registry): LabMetrics['setManifestFiles'] {
  const files = new Gauge({
    name: 'k8slab_manifest_files',
    help: 'Manifest files read, by whether they are valid',
    labelNames: ['state'] as const,
    registers: [registry],
  });
  function set({ ok, invalid }: { readonly ok: number; readonly invalid: number }): void {
    files.set({ state: 'ok' }, ok);
    files.set({ state: 'invalid' }, invalid);
  }
  set({ ok: 0, invalid: 0 });
  return set;
}
