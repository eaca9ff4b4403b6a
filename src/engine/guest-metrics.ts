import { Counter, Histogram, type Registry } from 'prom-client';

const CLASSES = ['uplink', 'link', 'restart'] as const;
/** What of a disruption guests feel, without losing data (docs/disruption.md). */
export type FeltDisruption = (typeof CLASSES)[number];

const CAUSES = ['manifest', 'drift', 'network'] as const;
/** Why a guest was started again: its manifest changed, others had stopped it, or its network has other addresses. */
export type RestartCause = (typeof CAUSES)[number];

export interface GuestMetrics {
  /** Guests felt a step for that long. */
  guestsFelt(disruption: FeltDisruption, seconds: number): void;
  guestRestarted(cause: RestartCause, guests?: number): void;
}

const GAP_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** What guests felt of what k8slab did; it counts on when a guest is gone. */
export function createGuestMetrics(registry: Registry): GuestMetrics {
  const felt = new Histogram({
    name: 'k8slab_guest_disruption_seconds',
    help: 'For how long guests felt what k8slab did, by what they felt: at most that long without the outside or the link, or until Ready again after a restart',
    labelNames: ['disruption'] as const,
    buckets: GAP_BUCKETS,
    registers: [registry],
  });
  const restarts = new Counter({
    name: 'k8slab_guest_restarts_total',
    help: 'Guests that were started again, by why',
    labelNames: ['cause'] as const,
    registers: [registry],
  });
  for (const disruption of CLASSES) felt.zero({ disruption });
  for (const cause of CAUSES) restarts.inc({ cause }, 0);
  return {
    guestsFelt: (disruption, seconds) => felt.observe({ disruption }, seconds),
    guestRestarted: (cause, guests = 1) => restarts.inc({ cause }, guests),
  };
}
