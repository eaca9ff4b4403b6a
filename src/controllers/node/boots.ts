import type { Clock } from '../../engine/clock.ts';

/** Which guests are on their way up or down, and how often one was started in vain. In memory: a restart forgets. */
export interface Boots {
  /** Whether this guest may start now without too many booting at once. */
  slot(node: string): boolean;
  /** Takes a slot for a start that follows at once; false: meanwhile others took the last one. */
  take(node: string): boolean;
  /** It is Ready: its slot is free, its failures are forgotten. */
  arrived(node: string): void;
  /** It is off: its slot is free. */
  stopped(node: string): void;
  /** It runs, and nobody asks it to go down. */
  runs(node: string): void;
  /** It was seen running and not asked to go down since. */
  ran(node: string): boolean;
  /** It was asked to shut down: that it goes is no failure. */
  stopping(node: string): void;
  /** Since it was last asked to shut down; undefined when it was not. */
  stoppingSeconds(node: string): number | undefined;
  /** Since it was first asked to. */
  downSeconds(node: string): number | undefined;
  /** Seconds until the next start; a first start never waits. */
  backoffSeconds(node: string): number;
  /** Since its start; undefined when it is not booting. */
  bootingSeconds(node: string): number | undefined;
}

const FIRST_BACKOFF_SECONDS = 5;
const LONGEST_BACKOFF_SECONDS = 300;
/** A guest that is not up by then no longer keeps others from booting. */
const SLOT_SECONDS = 600;

export function createBoots(clock: Clock, limit: number): Boots {
  const booting = new Map<string, number>();
  const stopping = new Map<string, { first: number; last: number }>();
  const running = new Set<string>();
  const tries = new Map<string, { count: number; at: number }>();

  function slot(node: string): boolean {
    const oldest = clock.monotonic() - SLOT_SECONDS * 1000;
    return booting.has(node) || [...booting.values()].filter((since) => since > oldest).length < limit;
  }

  function secondsSince(since: number | undefined): number | undefined {
    return since === undefined ? undefined : Math.round((clock.monotonic() - since) / 1000);
  }

  return {
    slot,
    take(node) {
      if (!slot(node)) return false;
      stopping.delete(node);
      booting.set(node, clock.monotonic());
      tries.set(node, { count: (tries.get(node)?.count ?? 0) + 1, at: clock.monotonic() });
      return true;
    },
    arrived(node) {
      booting.delete(node);
      tries.delete(node);
    },
    stopped(node) {
      booting.delete(node);
      stopping.delete(node);
    },
    runs(node) {
      running.add(node);
      stopping.delete(node);
    },
    ran: (node) => running.has(node),
    stopping(node) {
      const now = clock.monotonic();
      stopping.set(node, { first: stopping.get(node)?.first ?? now, last: now });
      running.delete(node);
      tries.delete(node);
    },
    stoppingSeconds: (node) => secondsSince(stopping.get(node)?.last),
    downSeconds: (node) => secondsSince(stopping.get(node)?.first),
    backoffSeconds(node) {
      const last = tries.get(node);
      if (last === undefined) return 0;
      const wait = Math.min(FIRST_BACKOFF_SECONDS * 2 ** (last.count - 1), LONGEST_BACKOFF_SECONDS);
      return Math.max(0, Math.ceil(wait - (clock.monotonic() - last.at) / 1000));
    },
    bootingSeconds: (node) => secondsSince(booting.get(node)),
  };
}
