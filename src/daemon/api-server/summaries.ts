import { explainError } from '../../api/errors.ts';
import type { VmhostState } from '../../api/kinds/vmhost-states.ts';
import { readVmhost } from '../../api/placement/read.ts';
import { summarise } from '../../api/placement/summary.ts';
import { tryAtOnce } from '../../drivers/at-once.ts';
import type { Kube, KubeChange, KubeObject, KubeWatch } from '../../drivers/kube.ts';
import { timestamp, type Clock, type Timer } from '../../engine/clock.ts';
import type { Logger } from '../../engine/logger.ts';
import type { Election } from './election.ts';
import { changed } from './scheduled.ts';

/** Owner of the condition Ready of what several vmhosts have. */
export const SUMMARY_MANAGER = 'k8slab-summary';

export interface SummariesDeps {
  readonly kube: Pick<Kube, 'applyStatus'>;
  readonly watch: Pick<KubeWatch, 'objects' | 'synced'>;
  readonly election: Pick<Election, 'holds'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Says of Networks and Images whether they work, out of what each vmhost says; the elected daemon writes it. */
export interface Summaries {
  tell(change: KubeChange): void;
  look(): void;
  stop(): Promise<void>;
}

/** Vmhosts report what happened to all of them at nearly the same time. */
const SETTLE_MS = 500;
const AGAIN_MS = 5_000;
const KINDS = ['Network', 'Image'] as const;

export function startSummaries({ kube, watch, election, clock, log }: SummariesDeps): Summaries {
  let timer: Timer | undefined;
  let running = Promise.resolve();
  let isStopped = false;

  function lookIn(ms: number): void {
    if (isStopped) return;
    timer ??= clock.setTimer(ms, () => {
      timer = undefined;
      running = running.then(pass).catch((error: unknown) => {
        log.debug({ why: explainError(error) }, 'did not write how it is on all vmhosts');
        lookIn(AGAIN_MS);
      });
    });
  }

  async function pass(): Promise<void> {
    if (!election.holds() || !watch.synced()) return;
    const vmhosts = new Map([...watch.objects('Vmhost')].map(([name, object]) => [name, readVmhost(object)]));
    const all = KINDS.flatMap((kind) =>
      [...watch.objects(kind).values()].map((object) => ({ kind, object })),
    );
    // An object that the API server refuses is in no other's way.
    await tryAtOnce(all, 1, async ({ kind, object }) => {
      const wanted = summarise(statesOf(object), vmhosts);
      const next = changed(object, wanted, timestamp(clock.now()));
      if (next === undefined || !election.holds()) return;
      const { name, resourceVersion } = object.metadata;
      const options = { manager: SUMMARY_MANAGER, resourceVersion };
      await kube.applyStatus({ kind, name }, { conditions: [next] }, options);
    });
  }

  return {
    tell(change) {
      if (change.type !== 'Problem' && ['Network', 'Image', 'Vmhost'].includes(change.kind))
        lookIn(SETTLE_MS);
    },
    look: () => lookIn(0),
    async stop() {
      isStopped = true;
      timer?.cancel();
      await running;
    },
  };
}

function statesOf({ status }: KubeObject): readonly VmhostState[] {
  const { vmhosts } = (status ?? {}) as { readonly vmhosts?: unknown };
  return Array.isArray(vmhosts) ? (vmhosts as readonly VmhostState[]) : [];
}
