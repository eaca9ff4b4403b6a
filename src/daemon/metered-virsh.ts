import { explainError, reasonOf } from '../api/errors.ts';
import type { VirshCall } from '../drivers/libvirt.ts';
import { isMutating, VIRSH_OPS } from '../drivers/virsh/commands.ts';
import { VIRSH_REASONS } from '../drivers/virsh/errors.ts';
import type { Logger } from '../engine/logger.ts';
import type { Metrics } from '../engine/metrics.ts';

const DRIVER = 'virsh';

/** Makes the series of all calls of virsh exist. */
export function declareVirsh(metrics: Pick<Metrics, 'declareDriver'>): void {
  metrics.declareDriver(DRIVER, {
    reading: VIRSH_OPS.filter((op) => !isMutating([op])),
    mutating: VIRSH_OPS.filter((op) => isMutating([op])),
    reasons: VIRSH_REASONS,
    sessions: true,
  });
}

/** Calls that change something are what a user wants to find in the journal, those that fail before all others. */
export function recordCall(
  metrics: Pick<Metrics, 'driverCall' | 'driverWaited'>,
  log: Logger,
  call: VirshCall,
): void {
  const { op, argv, mutates, seconds, waitedSeconds, error } = call;
  const reason = error === undefined ? undefined : reasonOf(error);
  if (waitedSeconds !== undefined) metrics.driverWaited(DRIVER, waitedSeconds);
  metrics.driverCall({ driver: DRIVER, op, seconds, reason, mutating: mutates });
  const fields = { driver: DRIVER, argv, mutates, seconds };
  if (error !== undefined && mutates) {
    log.warn({ ...fields, reason, why: explainError(error) }, 'changing libvirt failed');
  } else if (mutates) log.info(fields, 'libvirt changed');
  else log.debug({ ...fields, ...(reason === undefined ? {} : { reason }) }, 'libvirt read');
}
