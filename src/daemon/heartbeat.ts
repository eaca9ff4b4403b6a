import { isTrue, READY } from '../api/conditions.ts';
import type { ObjectStore } from '../controllers/objects.ts';
import type { Notifier } from '../drivers/systemd.ts';
import type { Clock } from '../engine/clock.ts';
import type { Releasers } from '../engine/releasers.ts';

export interface HeartbeatDeps {
  readonly notifier: Notifier;
  readonly store: ObjectStore;
  readonly clock: Clock;
}

const STATUS_EVERY_MS = 30_000;

/** Tells systemd that the daemon is up, that it still turns, and how far it is. */
export async function startHeartbeat(deps: HeartbeatDeps, releasers: Releasers): Promise<void> {
  const { notifier, store, clock } = deps;
  await notifier.ready();
  const interval = notifier.watchdogIntervalMs() ?? STATUS_EVERY_MS;
  let timer = clock.setTimer(0, beat);
  releasers.add('systemd', async () => {
    timer.cancel();
    await notifier.stopping();
  });

  function beat(): void {
    const objects = store.all();
    const ready = objects.filter(({ status }) => isTrue(status.conditions, READY)).length;
    const told = notifier.status(`${ready} of ${objects.length} objects Ready`);
    void Promise.allSettled([notifier.watchdog(), told]);
    timer = clock.setTimer(interval, beat);
  }
}
