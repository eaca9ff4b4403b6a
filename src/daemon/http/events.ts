import { formatAge } from '../../api/age.ts';
import { NONE } from '../../api/kinds/columns.ts';
import type { SelectableFields } from '../../api/selectors/fields.ts';
import type { Clock } from '../../engine/clock.ts';
import { type ApiEvent, type EventRecorder } from '../../engine/events.ts';
import type { Cells, Resource } from './resource.ts';

export interface EventsDeps {
  readonly events: EventRecorder;
  readonly clock: Clock;
}

/** Events, as core/v1 and as events.k8s.io/v1 have them. */
export function eventResources(deps: EventsDeps): readonly Resource<ApiEvent>[] {
  return [
    eventResource(deps, {
      group: '',
      shortNames: ['ev'],
      fields: about('involvedObject'),
      shown: (event) => event,
    }),
    eventResource(deps, {
      group: 'events.k8s.io',
      shortNames: ['ev'],
      fields: about('regarding'),
      shown: newer,
    }),
  ];
}

function eventResource(
  { events, clock }: EventsDeps,
  own: Pick<Resource<ApiEvent>, 'group' | 'fields' | 'shown' | 'shortNames'>,
): Resource<ApiEvent> {
  return {
    ...own,
    version: 'v1',
    kind: 'Event',
    plural: 'events',
    singular: 'event',
    namespaced: true,
    // The one seen last comes last.
    paged: false,
    list: () => events.list(),
    get: (name) => events.list().find(({ metadata }) => metadata.name === name),
    latest: () => events.version(),
    watch: (since, listener) => events.watch(since, listener),
    table: (objects) => tableOf(objects, clock.now()),
  };
}

/** What an API server lets one select events by. */
function about(object: 'involvedObject' | 'regarding'): SelectableFields<ApiEvent> {
  return {
    'metadata.name': ({ metadata }) => metadata.name,
    'metadata.namespace': ({ metadata }) => metadata.namespace,
    [`${object}.kind`]: ({ involvedObject }) => involvedObject.kind,
    // All kinds are in no namespace.
    [`${object}.namespace`]: () => undefined,
    [`${object}.name`]: ({ involvedObject }) => involvedObject.name,
    [`${object}.uid`]: ({ involvedObject }) => involvedObject.uid,
    [`${object}.apiVersion`]: ({ involvedObject }) => involvedObject.apiVersion,
    [`${object}.resourceVersion`]: () => undefined,
    [`${object}.fieldPath`]: () => undefined,
    reason: ({ reason }) => reason,
    type: ({ type }) => type,
    ...(object === 'regarding'
      ? { reportingController: ({ reportingComponent }) => reportingComponent }
      : {
          reportingComponent: ({ reportingComponent }) => reportingComponent,
          source: ({ source }) => source.component,
        }),
  };
}

function newer(event: ApiEvent): unknown {
  const { metadata, involvedObject: regarding, type, reason, message: note } = event;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: event.kind,
    metadata,
    eventTime: null,
    reportingController: event.reportingComponent,
    reason,
    regarding,
    note,
    type,
    deprecatedSource: event.source,
    deprecatedFirstTimestamp: event.firstTimestamp,
    deprecatedLastTimestamp: event.lastTimestamp,
    deprecatedCount: event.count,
  };
}

interface EventColumn {
  readonly name: string;
  readonly wide?: true;
  readonly cell: (event: ApiEvent, now: number) => string;
}

/** As kubectl shows events. */
const COLUMNS: readonly EventColumn[] = [
  { name: 'Last Seen', cell: lastSeen },
  { name: 'Type', cell: ({ type }) => type },
  { name: 'Reason', cell: ({ reason }) => reason },
  { name: 'Object', cell: ({ involvedObject: { kind, name } }) => `${kind.toLowerCase()}/${name}` },
  { name: 'Subobject', wide: true, cell: () => NONE },
  { name: 'Source', wide: true, cell: ({ source }) => source.component },
  { name: 'Message', cell: ({ message }) => message.replaceAll(/\s+/g, ' ') },
  { name: 'First Seen', wide: true, cell: ({ firstTimestamp }, now) => since(firstTimestamp, now) },
  { name: 'Count', wide: true, cell: ({ count }) => String(count) },
  { name: 'Name', wide: true, cell: ({ metadata }) => metadata.name },
];

function tableOf(events: readonly ApiEvent[], now: number): Cells {
  return {
    columnDefinitions: COLUMNS.map(({ name, wide }) => ({
      name,
      type: 'string',
      format: name === 'Name' ? 'name' : '',
      description: '',
      priority: wide === undefined ? 0 : 1,
    })),
    rows: events.map((event) => ({ cells: COLUMNS.map(({ cell }) => cell(event, now)) })),
  };
}

function lastSeen({ count, firstTimestamp, lastTimestamp }: ApiEvent, now: number): string {
  const seen = since(lastTimestamp, now);
  return count === 1 ? seen : `${seen} (x${count} over ${since(firstTimestamp, now)})`;
}

function since(time: string, now: number): string {
  return formatAge((now - Date.parse(time)) / 1000);
}
