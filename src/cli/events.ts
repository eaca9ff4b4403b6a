import type { Client, WatchingClient } from './client.ts';
import { bySeen, EVENT_COLUMNS, eventItems, type EventObject } from './event-table.ts';
import { follow, type Waits } from './watch.ts';
import { JSON_FORM, readListing, type Item } from './listing.ts';
import { parseOutput } from './outputs.ts';
import { objectPrinter } from './print-objects.ts';
import { createTable } from './print-table.ts';
import { EVENTS, listQuery, parseReference } from './selection.ts';
import { ReasonedError } from '../api/errors.ts';

export interface EventFlags {
  /** TYPE/NAME of the object that they are about. */
  readonly for?: string;
  /** Such as `Warning`; all when left out. */
  readonly types?: readonly string[];
  readonly watch?: boolean;
  readonly headers: boolean;
  readonly output?: string;
}

export interface EventScene extends Waits {
  now(): number;
  print(text: string): void;
  readonly signal?: AbortSignal;
}

/** Prints what happened, the one seen last at the end; with `watch` also what happens from then on. */
export async function events(client: WatchingClient, flags: EventFlags, scene: EventScene): Promise<void> {
  const wanted = typesOf(flags);
  const isWanted = ({ object }: Item): boolean => wanted?.has((object as EventObject).type ?? '') ?? true;
  const selectors = flags.for === undefined ? {} : { fieldSelector: aboutSelector(flags.for) };
  const printer = await eventPrinter(flags, scene);
  if (flags.watch !== true) {
    const found = await listEvents(client, selectors.fieldSelector);
    const shown = found.filter(isWanted);
    if (shown.length === 0) scene.warn('no events found');
    scene.print(printer.all(shown));
    return;
  }
  const followed = follow(client, {
    ...scene,
    resource: EVENTS,
    selectors,
    accept: JSON_FORM,
    sleep: (ms, signal) => scene.sleep(ms, signal),
    warn: (text) => scene.warn(text),
  });
  for await (const change of followed) {
    const items = change.type === 'LISTED' ? change.items.toSorted(bySeen) : [change.item];
    const shown = change.type === 'DELETED' ? [] : items.filter(isWanted);
    if (shown.length > 0) scene.print(printer.next(shown));
  }
}

/** Events, the one seen last at the end. */
export async function listEvents(client: Client, fieldSelector?: string): Promise<readonly Item[]> {
  const query = listQuery(fieldSelector === undefined ? {} : { fieldSelector });
  return readListing(await client.get(`${EVENTS.path}${query}`, JSON_FORM)).items.toSorted(bySeen);
}

/** @param reference TYPE/NAME */
function aboutSelector(reference: string): string {
  const { resource, name } = parseReference(reference, 'show events of');
  return `involvedObject.kind=${resource.kind},involvedObject.name=${name}`;
}

function typesOf({ types }: EventFlags): ReadonlySet<string> | undefined {
  if (types === undefined) return undefined;
  const words = types.flatMap((each) => each.split(',')).map((each) => each.toLowerCase());
  const known = words.map((word) => ['Normal', 'Warning'].find((type) => type.toLowerCase() === word));
  if (known.includes(undefined)) {
    const message = `cannot show events of type "${types.join(',')}": one of Normal, Warning`;
    throw new ReasonedError('BadArgument', message);
  }
  return new Set(known.flatMap((type) => type ?? []));
}

interface EventPrinter {
  readonly all: (items: readonly Item[]) => string;
  readonly next: (items: readonly Item[]) => string;
}

async function eventPrinter(
  { output, headers }: EventFlags,
  { now }: Pick<EventScene, 'now'>,
): Promise<EventPrinter> {
  const parsed = parseOutput(output);
  if (parsed.type !== 'table') {
    const printer = await objectPrinter(parsed, headers);
    return {
      all: (items) =>
        printer.print(
          items.map(({ object }) => object),
          false,
        ),
      next: (items) => items.map(({ object }) => printer.next(object)).join(''),
    };
  }
  const print = createTable({ wide: parsed.wide, headers });
  function table(items: readonly Item[]): string {
    return items.length === 0 ? '' : print(EVENT_COLUMNS, eventItems(items, now()));
  }
  return { all: table, next: table };
}
