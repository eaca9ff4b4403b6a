import { explainError } from '../../api/errors.ts';
import type { Kube } from '../../drivers/kube.ts';
import type { ApiEvent } from '../../engine/events.ts';
import type { Clock } from '../../engine/clock.ts';
import type { Logger } from '../../engine/logger.ts';

export interface ForwarderDeps {
  readonly kube: Pick<Kube, 'event'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Name of this vmhost. */
  readonly vmhost: string;
}

/** Events are told one after the other, so that a storm of them holds up nothing else; of too many the oldest are left out. */
const WAITING = 256;

/** Tells the API server of events; one that cannot be told is left out. */
export function createForwarder({ kube, log, vmhost }: ForwarderDeps): (event: ApiEvent) => void {
  const waiting: ApiEvent[] = [];
  let running = false;

  async function tellAll(): Promise<void> {
    for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) {
      const { involvedObject, type, reason, message, count, firstTimestamp, lastTimestamp } = event;
      const about = { kind: involvedObject.kind, metadata: { name: involvedObject.name } };
      await kube
        .event(about, { type, reason, message, count, firstTimestamp, lastTimestamp })
        .catch((error: unknown) =>
          log.debug({ why: explainError(error) }, 'cannot tell the API server of an event'),
        );
    }
    running = false;
  }

  return (event) => {
    if (isRoutine(event, vmhost)) return;
    waiting.push(event);
    if (waiting.length > WAITING) waiting.shift();
    if (running) return;
    running = true;
    void tellAll();
  };
}

/** Each Node of any vmhost changes what all of them make of its Network, and their own files: that is told where it goes wrong. */
function isRoutine({ type, involvedObject: { kind, name } }: ApiEvent, vmhost: string): boolean {
  return type === 'Normal' && (kind === 'Network' || (kind === 'Vmhost' && name === vmhost));
}
