import type { Kube, KubeChange, KubeWatch } from '../../drivers/kube.ts';
import type { Clock } from '../../engine/clock.ts';
import type { EventRecorder } from '../../engine/events.ts';
import type { Logger } from '../../engine/logger.ts';
import { startAway } from './away.ts';
import { startElection } from './election.ts';
import { startScheduler, type SchedulerState } from './scheduler.ts';
import { startSummaries } from './summaries.ts';

export interface ElectedDeps {
  readonly kube: Kube;
  readonly watch: KubeWatch;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  readonly record: EventRecorder['record'];
  /** Of this run of this daemon: no other may have it, and nobody after it. */
  readonly identity: string;
}

/** What one daemon does for all vmhosts, and all of them are ready to do. */
export interface Elected {
  /** Each change that the watch tells. */
  tell(change: KubeChange): void;
  state(): ElectedState;
  /** Finishes what is being written, and lets another daemon go on at once. */
  stop(): Promise<void>;
}

export interface ElectedState extends SchedulerState {
  readonly isElected: boolean;
  /** Who is elected, as far as is known. */
  readonly holder?: string;
  /** Vmhosts that do not renew their Leases. */
  readonly away: readonly string[];
}

export function startElected(deps: ElectedDeps): Elected {
  const election = startElection({
    ...deps,
    lease: deps.kube.lease,
    onChange() {
      scheduler.look();
      summaries.look();
    },
  });
  const scheduler = startScheduler({ ...deps, election });
  const summaries = startSummaries({ ...deps, election });
  const away = startAway({ ...deps, election });
  return {
    tell(change) {
      scheduler.tell(change);
      summaries.tell(change);
    },
    state() {
      const holder = election.holder();
      const known = holder === undefined ? {} : { holder };
      return { ...scheduler.state(), ...known, isElected: election.holds(), away: away.vmhosts() };
    },
    async stop() {
      await Promise.all([scheduler.stop(), summaries.stop(), away.stop()]);
      await election.stop();
    },
  };
}
