import { explainError, ReasonedError } from '../../api/errors.ts';
import {
  planPackageUpdates,
  type UpdateEvent,
  type UpdatePlan,
  type UpdateSelection,
} from '../../api/node/package-updates.ts';
import type { Packages } from '../../drivers/packages.ts';
import type { Clock } from '../../engine/clock.ts';
import { guestTarget } from '../guest-target.ts';
import type { ObjectStore } from '../objects.ts';

export interface PackageUpdatesDeps {
  readonly store: ObjectStore;
  readonly packages: Packages;
  readonly clock: Clock;
}

export interface PackageUpdates {
  /**
   * Plans an update, which begins when the result is called: one guest after the other, none after one that failed.
   * `cancelled` lets the guest under way come to its end.
   * @throws ReasonedError NotFound, AlreadyRunning
   */
  prepare(
    selection: UpdateSelection,
  ): (report: (event: UpdateEvent) => void, cancelled: () => boolean) => Promise<void>;
}

export function createPackageUpdates(deps: PackageUpdatesDeps): PackageUpdates {
  let running = false;
  return {
    prepare(selection) {
      if (running)
        throw new ReasonedError('AlreadyRunning', 'cannot update packages: an update is under way');
      const plan = planPackageUpdates(deps.store.list('Node'), selection);
      running = true;
      return async (report, cancelled) => {
        try {
          await runUpdates(deps, plan, report, cancelled);
        } finally {
          running = false;
        }
      };
    },
  };
}

async function runUpdates(
  deps: PackageUpdatesDeps,
  { nodes, skipped }: UpdatePlan,
  report: (event: UpdateEvent) => void,
  cancelled: () => boolean,
): Promise<void> {
  for (const node of skipped) report({ type: 'skipped', node, message: 'it is to be off' });
  const updated: string[] = [];
  let failed: string | undefined;
  for (const [index, node] of nodes.entries()) {
    if (cancelled()) break;
    report({ type: 'started', node, position: index + 1, total: nodes.length });
    const event = await updateOne(deps, node, report);
    report(event);
    if (event.type === 'failed') {
      failed = node;
      break;
    }
    updated.push(node);
  }
  const left = nodes.slice(updated.length + (failed === undefined ? 0 : 1));
  report({ type: 'finished', updated, left, ...(failed === undefined ? {} : { failed }) });
}

async function updateOne(
  { store, packages, clock }: PackageUpdatesDeps,
  node: string,
  report: (event: UpdateEvent) => void,
): Promise<Extract<UpdateEvent, { type: 'updated' | 'failed' }>> {
  const target = guestTarget(store, node);
  if ('waiting' in target) return { type: 'failed', node, message: target.waiting.message };
  const since = clock.monotonic();
  try {
    const { rebootRequired } = await packages.update(target, {
      onLine: (line) => report({ type: 'line', node, line }),
    });
    return { type: 'updated', node, seconds: Math.round((clock.monotonic() - since) / 1000), rebootRequired };
  } catch (error) {
    return { type: 'failed', node, message: explainError(error) };
  }
}
