import type { PackageUpdates } from '../controllers/node/package-updates.ts';
import type { UpdateEvent } from '../api/node/package-updates.ts';
import type { EventRecorder } from '../engine/events.ts';
import type { Logger } from '../engine/logger.ts';
import type { ObjectStore } from '../controllers/objects.ts';

export interface UpdateLog {
  readonly log: Logger;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly store: ObjectStore;
}

/** What updates of packages came to, in the journal and as events too: who asked may be gone by then. */
export function loggedUpdates(updates: PackageUpdates, to: UpdateLog): PackageUpdates {
  return {
    prepare(selection) {
      const run = updates.prepare(selection);
      return (report, cancelled) =>
        run((event) => {
          record(to, event);
          report(event);
        }, cancelled);
    },
  };
}

function record({ log, recorder, store }: UpdateLog, event: UpdateEvent): void {
  if (event.type === 'updated') {
    const { node, seconds, rebootRequired } = event;
    log.info({ kind: 'Node', name: node, seconds, rebootRequired }, 'packages updated');
  } else if (event.type === 'failed') {
    log.warn({ kind: 'Node', name: event.node, why: event.message }, 'packages were not updated');
    const node = store.get('Node', event.node);
    if (node !== undefined) recorder.record(node, 'Warning', 'UpdateFailed', event.message);
  }
}
