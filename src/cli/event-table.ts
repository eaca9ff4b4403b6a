import { formatAge } from '../api/age.ts';
import { oneLine } from '../api/plain.ts';
import type { AnyObject, Columns, Item } from './listing.ts';

/** An event as core/v1 has it; events.k8s.io writes its times elsewhere. */
export interface EventObject extends AnyObject {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly involvedObject?: { readonly kind?: string; readonly name?: string };
  readonly firstTimestamp?: string | null;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly count?: number;
}

export const EVENT_COLUMNS: Columns = ['Last Seen', 'Type', 'Reason', 'Object', 'Message'].map((name) => ({
  name,
  format: '',
  priority: 0,
}));

/** Events with the cells that `kubectl events` prints. @param now milliseconds since the epoch */
export function eventItems(items: readonly Item[], now: number): Item[] {
  return items.map((item) => ({ ...item, cells: eventCells(item.object, now) }));
}

/** The one seen last comes last. */
export function bySeen(a: Item, b: Item): number {
  return seenAt(a.object) - seenAt(b.object);
}

function eventCells(event: EventObject, now: number): string[] {
  const { type = '', reason = '', message = '', involvedObject = {} } = event;
  const object = `${(involvedObject.kind ?? '').toLowerCase()}/${involvedObject.name ?? ''}`;
  return [eventAge(event, now), type, reason, object, oneLine(message.trim())];
}

/** `5s`, or `5s (x3 over 2m)` for what came several times. */
export function eventAge(event: EventObject, now: number): string {
  const last = ageOf(seenAt(event), now);
  const { count = 1, firstTimestamp } = event;
  if (count <= 1 || firstTimestamp === undefined || firstTimestamp === null) return last;
  return `${last} (x${count} over ${ageOf(Date.parse(firstTimestamp), now)})`;
}

function seenAt({ lastTimestamp, eventTime, firstTimestamp, metadata }: EventObject): number {
  return Date.parse(lastTimestamp ?? eventTime ?? firstTimestamp ?? metadata.creationTimestamp);
}

function ageOf(time: number, now: number): string {
  return formatAge((now - time) / 1000);
}
