import { ReasonedError } from '../api/errors.ts';
import { SILENT_HINT } from '../api/libvirt/hints.ts';
import { KINDS } from '../api/kinds/list.ts';
import type { DaemonConfig } from '../api/daemon-config.ts';
import type { PlannedObject } from '../api/disruption/action.ts';
import type { Waiting } from '../api/disruption/waiting.ts';
import type { ManifestFile } from '../api/manifest/snapshot.ts';
import type { ConditionInput, Kind } from '../api/meta.ts';
import { withPlacement } from '../api/placement/planned.ts';
import type { Clock, Timer } from '../engine/clock.ts';
import { candidateSnapshot, planCandidates } from './candidates.ts';
import { blocked } from './controllers.ts';
import type { Parts } from './parts.ts';
import { planAll } from './planner.ts';

/** A person waits for it, and learns more from what it could not look at than from nothing. */
const PLAN_MS = 20_000;

export interface Plans {
  /** What the daemon would do now; with files beside its manifests; or, with `only`, with these files alone. */
  plan(files?: readonly ManifestFile[], only?: boolean): Promise<readonly PlannedObject[]>;
}

export function createPlans(parts: Parts, config: DaemonConfig, clock: Clock): Plans {
  const { store, removals, reconcilers, drivers, memory, identity } = parts;
  const condemned = (kind: Kind, name: string): ConditionInput | undefined => blocked(parts, kind, name);
  const held = (kind: Kind, name: string): Waiting | undefined => removals.waiting(kind, name);
  const world = { config, clock, drivers, identity, memory };
  const planner = { kinds: KINDS, memory, store, reconcilers, clock, condemned, held, remember: false };
  return {
    async plan(files, only = false) {
      const { abort, signal } = abortAfter(clock, PLAN_MS);
      try {
        const foreseen = await parts.apiServer?.foresee(files ?? [], only);
        const placed = foreseen?.placed ?? [];
        if (files === undefined) return withPlacement(await planAll(planner, signal), placed);
        const beside = only ? {} : { beside: parts.manifests.snapshot() };
        const snapshot = foreseen?.snapshot ?? (await candidateSnapshot({ files, ...beside }, clock));
        return withPlacement(await planCandidates(world, store, snapshot, signal), placed);
      } finally {
        abort.cancel();
      }
    },
  };
}

function abortAfter(clock: Clock, ms: number): { abort: Timer; signal: AbortSignal } {
  const controller = new AbortController();
  const error = new ReasonedError('DeadlineExceeded', `not looked at: nothing more within ${ms / 1000} s`, {
    hint: SILENT_HINT,
  });
  return { abort: clock.setTimer(ms, () => controller.abort(error)), signal: controller.signal };
}
