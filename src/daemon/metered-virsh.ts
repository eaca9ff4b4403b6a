import { explainError, reasonOf } from '../api/errors.ts';
import type { VirshCall } from '../drivers/libvirt.ts';
import type { Logger } from '../engine/logger.ts';
import type { Metrics } from '../engine/metrics.ts';

/** Calls that change something are what a user wants to find in the journal, those that fail before all others. */
export function recordCall(metrics: Pick<Metrics, 'driverCall'>, log: Logger, call: VirshCall): void {
  const { op, argv, mutates, seconds, error } = call;
  const reason = error === undefined ? undefined : reasonOf(error);
  metrics.driverCall({ driver: 'virsh', op, seconds, reason, mutating: mutates });
  const fields = { driver: 'virsh', argv, mutates, seconds };
  if (error !== undefined && mutates) {
    log.warn({ ...fields, reason, why: explainError(error) }, 'changing libvirt failed');
  } else if (mutates) log.info(fields, 'libvirt changed');
  else log.debug({ ...fields, ...(reason === undefined ? {} : { reason }) }, 'libvirt read');
}
