import { explainError, reasonOf } from '../../api/errors.ts';
import type { KubeLease, KubeLeases, KubeLeaseSpec } from '../../drivers/kube.ts';
import { microTime, type Clock, type Timer } from '../../engine/clock.ts';
import type { Logger } from '../../engine/logger.ts';

/** Which daemon places Nodes for all vmhosts: the one that holds a Lease, as client-go elects a leader. */
export interface Election {
  /** Whether this daemon may write: it renewed the Lease, and not too long ago by its own clock. */
  holds(): boolean;
  /** Another one, of all there ever were, each time that the Lease changes hands. */
  token(): string;
  /** Who holds it, as far as is known. */
  holder(): string | undefined;
  /** Gives the Lease away: call it once nothing is written any more. */
  stop(): Promise<void>;
}

export interface ElectionDeps {
  readonly lease: Pick<KubeLeases, 'get' | 'create' | 'update'>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  /** Of this run of this daemon. */
  readonly identity: string;
  /** Called after `holds` became another. */
  readonly onChange: () => void;
}

export const SCHEDULER_LEASE = 'k8slab-scheduler';
/** Who is killed is followed within 15 s: it is seen up to RETRY_MS late that the Lease was renewed, which then has to run out. */
const DURATION_MS = 10_000;
/** Who could not renew it for so long writes nothing more, long before others may take it. */
const DEADLINE_MS = 6_000;
const RETRY_MS = 3_000;
/** Those who wait for it do not come all at once. */
const SPREAD_MS = 500;

interface State {
  found: KubeLease | undefined;
  /** When `found` was first seen as it is; of a Lease only the own clock is trusted, never what its holder's said. */
  seenAt: number;
  isHeld: boolean;
  /** When the renewal began that was the last to succeed. */
  renewedAt: number;
  terms: number;
}

export function startElection(deps: ElectionDeps): Election {
  const { clock, lease, identity, log } = deps;
  const state: State = { found: undefined, seenAt: -Infinity, isHeld: false, renewedAt: -Infinity, terms: 0 };
  let told = false;
  let isStopped = false;
  let running = Promise.resolve();
  let timer: Timer = clock.setTimer(0, next);
  let lapse: Timer | undefined;

  function holds(): boolean {
    return !isStopped && state.isHeld && clock.monotonic() < state.renewedAt + DEADLINE_MS;
  }

  function tell(): void {
    if (told === holds()) return;
    told = !told;
    log.info({ lease: SCHEDULER_LEASE }, told ? 'places Nodes for all vmhosts' : 'no longer places Nodes');
    deps.onChange();
  }

  function next(): void {
    running = turn().then(
      () => again(),
      (error: unknown) => {
        log.debug({ why: explainError(error) }, 'did not get at the Lease of who places Nodes');
        again();
      },
    );
  }

  function again(): void {
    tell();
    if (isStopped) return;
    const left = state.seenAt + durationOf(state.found) - clock.monotonic();
    const spread = deps.random() * SPREAD_MS;
    timer = clock.setTimer(state.isHeld || left <= 0 ? RETRY_MS : Math.min(RETRY_MS, left + spread), next);
    lapse?.cancel();
    lapse = holds() ? clock.setTimer(state.renewedAt + DEADLINE_MS - clock.monotonic(), tell) : undefined;
  }

  async function turn(): Promise<void> {
    if (state.isHeld) await renew();
    if (state.isHeld && holds()) return;
    const found = await lease.get(SCHEDULER_LEASE);
    see(found);
    if (isFree(found)) await take(found);
  }

  /** As long as nobody else changed it, there was no other holder. */
  async function renew(): Promise<void> {
    const { found } = state;
    if (found === undefined) return;
    await take(found).catch((error: unknown) => {
      if (reasonOf(error) !== 'Conflict' && reasonOf(error) !== 'NotFound') throw error;
    });
  }

  function see(found: KubeLease | undefined): void {
    if (found?.resourceVersion !== state.found?.resourceVersion) state.seenAt = clock.monotonic();
    state.found = found;
    if (found?.spec.holderIdentity !== identity) state.isHeld = false;
  }

  function isFree(found: KubeLease | undefined): boolean {
    const { holderIdentity = '' } = found?.spec ?? {};
    if (holderIdentity === '' || holderIdentity === identity) return true;
    return clock.monotonic() >= state.seenAt + durationOf(found);
  }

  async function take(found: KubeLease | undefined): Promise<void> {
    const began = clock.monotonic();
    const spec = specFor(found?.spec);
    const result =
      found === undefined
        ? await lease.create(SCHEDULER_LEASE, spec)
        : await lease.update(SCHEDULER_LEASE, spec, found.resourceVersion);
    if (!state.isHeld) state.terms += 1;
    Object.assign(state, { found: result, seenAt: began, renewedAt: began, isHeld: true });
  }

  function specFor(before: KubeLeaseSpec = {}): KubeLeaseSpec {
    const now = microTime(clock.now());
    const isOurs = before.holderIdentity === identity;
    const { leaseTransitions = 0, acquireTime = now } = before;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: DURATION_MS / 1000,
      acquireTime: isOurs ? acquireTime : now,
      renewTime: now,
      leaseTransitions: isOurs ? leaseTransitions : leaseTransitions + 1,
    };
  }

  return {
    holds,
    token: () => `${identity}-${state.terms}`,
    holder: () => state.found?.spec.holderIdentity,
    async stop() {
      if (isStopped) return;
      isStopped = true;
      timer.cancel();
      lapse?.cancel();
      await running;
      const { found, isHeld } = state;
      if (!isHeld || found === undefined) return;
      const given = { ...found.spec, holderIdentity: '', leaseDurationSeconds: 1 };
      await lease.update(SCHEDULER_LEASE, given, found.resourceVersion).catch((error: unknown) => {
        log.debug({ why: explainError(error) }, 'did not give the Lease away: it runs out');
      });
    },
  };
}

function durationOf(lease: KubeLease | undefined): number {
  return (lease?.spec.leaseDurationSeconds ?? 0) * 1000;
}
