import { isTrue, READY } from '../api/conditions.ts';
import { isRemoved, type AnyObject, type Kind } from '../api/meta.ts';
import type { Action } from '../api/disruption/action.ts';
import type { ObjectStore } from '../controllers/objects.ts';
import type { Reconciler } from '../controllers/reconciler.ts';
import type { Clock } from '../engine/clock.ts';
import type { Metrics } from '../engine/metrics.ts';

export interface FeltDeps {
  readonly store: Pick<ObjectStore, 'subscribe'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly metrics: Pick<Metrics, 'guestsFelt' | 'guestRestarted' | 'networkRestarted'>;
}

export interface Felt {
  /** The reconciler; what guests feel of its steps is counted. */
  measured<K extends Kind, A extends Action, Extra>(
    reconciler: Reconciler<K, A, Extra>,
  ): Reconciler<K, A, Extra>;
}

/** A guest that was told to go down to come up again. */
interface Restart {
  readonly since: number;
  started: boolean;
}

/**
 * Counts what guests feel of what is done: a step that costs the outside or the link for as long as it takes, a restart
 * from the first request to shut down until the Node is Ready again.
 */
export function createFelt({ store, clock, metrics }: FeltDeps): Felt {
  /** By the uid of the Node. */
  const restarts = new Map<string, Restart>();
  store.subscribe(({ type, object }) => {
    const { uid } = object.metadata;
    if (type === 'DELETED') restarts.delete(uid);
    const restart = restarts.get(uid);
    if (restart?.started !== true || !isTrue(object.status.conditions, READY)) return;
    restarts.delete(uid);
    metrics.guestsFelt('restart', (clock.monotonic() - restart.since) / 1000);
  });

  function executed(object: AnyObject, action: Action, since: number): void {
    const seconds = (clock.monotonic() - since) / 1000;
    const { disruption, guests = [] } = action;
    if ((disruption === 'uplink' || disruption === 'link') && guests.length > 0)
      metrics.guestsFelt(disruption, seconds);
    if (action.type === 'RestartNetwork') {
      metrics.networkRestarted(object.metadata.name);
      if (action.reboot.length > 0) {
        metrics.guestsFelt('uplink', seconds);
        metrics.guestRestarted('network', action.reboot.length);
      }
    }
    if (object.kind === 'Node') power(object, action, since);
  }

  function power(object: AnyObject<'Node'>, action: Action, since: number): void {
    const { uid } = object.metadata;
    const restart = restarts.get(uid);
    if (action.type === 'ShutdownDomain' || action.type === 'DestroyDomain') {
      // One that shall stay off has no time after which it is back.
      if (isRemoved(object) || action.seconds === undefined) restarts.delete(uid);
      else if (restart === undefined) restarts.set(uid, { since, started: false });
    }
    if (action.type !== 'StartDomain') return;
    if (restart === undefined) {
      if (action.drift === true) metrics.guestRestarted('drift');
    } else if (!restart.started) {
      restart.started = true;
      metrics.guestRestarted('manifest');
    }
  }

  return {
    measured: (reconciler) => ({
      ...reconciler,
      async execute(action, look, object, signal) {
        const since = clock.monotonic();
        await reconciler.execute(action, look, object, signal);
        executed(object as unknown as AnyObject, action, since);
      },
    }),
  };
}
