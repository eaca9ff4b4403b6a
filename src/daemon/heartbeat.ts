import type { Notifier } from '../drivers/systemd.ts';
import type { Clock, Timer } from '../engine/clock.ts';
import type { Logger } from '../engine/logger.ts';
import type { Releasers } from '../engine/releasers.ts';
import type { Health } from './health.ts';

export interface HeartbeatDeps {
  readonly notifier: Notifier;
  readonly health: Pick<Health, 'summary' | 'unhealthy' | 'subscribe'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Where systemd asks for no sign of life. */
const BEAT_MS = 30_000;
/** What changes together is told once; each message is a process. */
const SETTLE_MS = 500;

/**
 * Tells systemd that the daemon is up and how far it is, as soon as that changes, and feeds the watchdog for as long as
 * the workers do their work: a daemon that only answers is to be restarted.
 */
export async function startHeartbeat(deps: HeartbeatDeps, releasers: Releasers): Promise<void> {
  const { notifier, health, clock } = deps;
  await notifier.ready();
  const status = startStatus(deps);
  const interval = notifier.watchdogIntervalMs() ?? BEAT_MS;
  let timer = clock.setTimer(0, beat);
  let unhealthy = '';
  releasers.add('systemd', async () => {
    timer.cancel();
    status.stop();
    await notifier.stopping();
  });

  function beat(): void {
    const problems = health.unhealthy().join('; ');
    if (problems !== '' && unhealthy === '')
      deps.log.error({ why: problems }, 'no longer does its work; the watchdog is not fed');
    unhealthy = problems;
    if (problems === '') void notifier.watchdog().catch(ignore);
    status.changed();
    timer = clock.setTimer(interval, beat);
  }
}

function startStatus({ notifier, health, clock }: HeartbeatDeps): { changed(): void; stop(): void } {
  let told = '';
  let stopped = false;
  let timer: Timer | undefined = clock.setTimer(0, tell);
  const unsubscribe = health.subscribe(changed);

  function changed(): void {
    if (!stopped) timer ??= clock.setTimer(SETTLE_MS, tell);
  }

  function tell(): void {
    timer = undefined;
    const text = [health.summary(), ...health.unhealthy()].join('; ');
    if (text === told) return;
    told = text;
    void notifier.status(text).catch(() => {
      // Not told: the next beat tries again.
      told = '';
    });
  }

  return {
    changed,
    stop() {
      unsubscribe();
      stopped = true;
      timer?.cancel();
    },
  };
}

function ignore(): void {
  // Without systemd there is nobody to tell.
}
