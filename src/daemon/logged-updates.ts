import type { PackageUpdates } from '../controllers/node/package-updates.ts';
import type { UpdateEvent } from '../api/node/package-updates.ts';
import type { Logger } from '../engine/logger.ts';

/** What updates of packages came to, in the journal too: who asked may be gone by then. */
export function loggedUpdates(updates: PackageUpdates, log: Logger): PackageUpdates {
  return {
    prepare(selection) {
      const run = updates.prepare(selection);
      return (report, cancelled) =>
        run((event) => {
          record(log, event);
          report(event);
        }, cancelled);
    },
  };
}

function record(log: Logger, event: UpdateEvent): void {
  if (event.type === 'updated') {
    const { node, seconds, rebootRequired } = event;
    log.info({ kind: 'Node', name: node, seconds, rebootRequired }, 'packages updated');
  } else if (event.type === 'failed') {
    log.warn({ kind: 'Node', name: event.node, why: event.message }, 'packages were not updated');
  }
}
