import { explainError, reasonOf } from '../api/errors.ts';
import type { Haproxy } from '../drivers/haproxy.ts';
import type { Clock } from '../engine/clock.ts';
import type { Logger } from '../engine/logger.ts';
import type { Metrics } from '../engine/metrics.ts';

/** Counts and times the calls; those that change a guest are what a user wants to find in the journal. */
export function meteredHaproxy(haproxy: Haproxy, metrics: Metrics, log: Logger, clock: Clock): Haproxy {
  const driver = 'haproxy';
  metrics.declareDriver(driver, {
    reading: ['look'],
    mutating: ['apply', 'enable', 'start-or-reload', 'label-ports'],
  });

  function metered<A extends readonly [{ readonly address: string }, ...unknown[]], R>(
    op: string,
    mutating: boolean,
    call: (...args: A) => Promise<R>,
  ): (...args: A) => Promise<R> {
    return async (...args) => {
      const since = clock.monotonic();
      const [{ address: guest }] = args;
      function record(reason?: string): number {
        const seconds = (clock.monotonic() - since) / 1000;
        metrics.driverCall({ driver, op, seconds, reason, mutating });
        return seconds;
      }
      try {
        const result = await call(...args);
        const seconds = record();
        if (mutating) log.info({ driver, op, guest, seconds }, 'guest changed');
        return result;
      } catch (error) {
        const reason = reasonOf(error);
        const seconds = record(reason);
        const why = explainError(error);
        if (mutating) log.warn({ driver, op, guest, seconds, reason, why }, 'changing a guest failed');
        throw error;
      }
    };
  }
  return {
    look: metered('look', false, haproxy.look),
    apply: metered('apply', true, haproxy.apply),
    enable: metered('enable', true, haproxy.enable),
    startOrReload: metered('start-or-reload', true, haproxy.startOrReload),
    labelPorts: metered('label-ports', true, haproxy.labelPorts),
  };
}
