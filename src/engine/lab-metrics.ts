import { Counter, Gauge, type Registry } from 'prom-client';
import { KINDS } from '../api/kinds/list.ts';
import type { Kind, ObjectRef } from '../api/meta.ts';
import { createDriverMetrics, type DriverMetrics } from './driver-metrics.ts';
import type { EventType } from './events.ts';
import { textFamily, type Family, type FamilyInfo, type Sample, type WatchedObjects } from './family.ts';
import { createGuestMetrics, type GuestMetrics } from './guest-metrics.ts';
import { kindFamilies } from './kind-metrics.ts';
import { createManifestMetrics, type ManifestMetrics } from './manifest-metrics.ts';
import { conditionFamily, objectCounter, pendingFamily, readyFamily } from './object-metrics.ts';

export type { DriverCall, DriverOps } from './driver-metrics.ts';

export interface LabMetrics extends DriverMetrics, GuestMetrics, ManifestMetrics {
  /** A change made behind the manifest was repaired. */
  driftRepaired(object: ObjectRef): void;
  networkRestarted(name: string): void;
  eventRecorded(event: { readonly kind: Kind; readonly type: EventType }): void;
  setRemovalsHeld(count: number): void;
  /** How far an image is that is being fetched; undefined: it no longer is. */
  setFetch(name: string, progress: FetchProgress | undefined): void;
  /** Where conditions and servers are read from at every scrape; objects that are gone have no series. */
  watchObjects(objects: WatchedObjects): void;
  /** A family that is read at every scrape; the exposition goes on without it when it fails or takes too long. */
  addFamily(info: FamilyInfo, samples: () => Iterable<Sample> | Promise<Iterable<Sample>>): void;
}

const EVENT_TYPES = ['Normal', 'Warning'] as const satisfies readonly EventType[];

export interface FetchProgress {
  readonly phase: string;
  readonly bytes: number;
  readonly total?: number;
}

/** What is k8slab's own; `families` are those that are no prom-client metrics. */
export function createLabMetrics(
  registry: Registry,
  version: string,
): LabMetrics & { readonly families: Family[] } {
  registerBuildInfo(registry, version);
  let watched: WatchedObjects = () => [];
  const objects: WatchedObjects = () => watched();
  const drift = objectCounter(
    { name: 'k8slab_drift_total', help: 'Changes made behind the manifest that were repaired' },
    objects,
  );
  const restarts = objectCounter(
    {
      name: 'k8slab_network_restarts_total',
      help: 'Times that a network was stopped and started',
      kind: 'Network',
    },
    objects,
  );
  const removalsHeld = new Gauge({
    name: 'k8slab_removals_held',
    help: 'Objects without a manifest whose removal waits to be confirmed',
    registers: [registry],
  });
  const events = new Counter({
    name: 'k8slab_events_total',
    help: 'Events emitted about objects',
    labelNames: ['kind', 'type'] as const,
    registers: [registry],
  });
  for (const { kind } of KINDS.all) for (const type of EVENT_TYPES) events.inc({ kind, type }, 0);
  const { families: ofManifests, ...manifests } = createManifestMetrics(registry);
  const fetches = new Map<string, FetchProgress>();
  const families: Family[] = [
    conditionFamily(objects),
    readyFamily(KINDS, objects),
    pendingFamily(objects),
    drift.family,
    restarts.family,
    ...kindFamilies(KINDS, objects),
    ...ofManifests,
    ...fetchFamilies(fetches),
  ];
  return {
    ...createDriverMetrics(registry),
    ...createGuestMetrics(registry),
    ...manifests,
    families,
    driftRepaired: drift.count,
    networkRestarted: (name) => restarts.count({ kind: 'Network', name }),
    eventRecorded: ({ kind, type }) => events.inc({ kind, type }),
    setRemovalsHeld: (count) => removalsHeld.set(count),
    setFetch(name, progress) {
      if (progress === undefined) fetches.delete(name);
      else fetches.set(name, progress);
    },
    watchObjects: (now) => void (watched = now),
    addFamily: (info, samples) => void families.push(textFamily(info, samples)),
  };
}

/** Series of the images alone that are being fetched. */
function fetchFamilies(fetches: ReadonlyMap<string, FetchProgress>): Family[] {
  function family(
    name: string,
    help: string,
    value: (progress: FetchProgress) => number | undefined,
  ): Family {
    const info = {
      name: `k8slab_image_fetch_${name}`,
      type: 'gauge',
      help,
      labels: ['name', 'phase'],
    } as const;
    return textFamily(info, () =>
      [...fetches].map(([image, progress]): Sample => [[image, progress.phase], value(progress)]),
    );
  }
  return [
    family('bytes', 'How far a phase of fetching an image is', ({ bytes }) => bytes),
    family('size_bytes', 'How far it will be in the end, where that is known', ({ total }) => total),
  ];
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
