import { formatAge } from '../api/age.ts';
import { ReasonedError } from '../api/errors.ts';
import { NONE } from '../api/kinds/columns.ts';
import { KINDS } from '../api/kinds/list.ts';
import { oneLine } from '../api/plain.ts';
import type { Client } from './client.ts';
import { EVENT_COLUMNS, eventItems, type EventObject } from './event-table.ts';
import { listEvents } from './events.ts';
import { JSON_FORM, readListing, type AnyObject, type Item } from './listing.ts';
import { alignColumns, labelsOf, printTable } from './print-table.ts';
import { printYaml } from './print-yaml.ts';
import { conditionsOf, relatedObjects } from './related.ts';
import {
  listQuery,
  parseSelection,
  refuseBoth,
  RESOURCES,
  type Selection,
  type Selectors,
} from './selection.ts';

export interface DescribeFlags extends Selectors {
  /** Default true. */
  readonly showEvents: boolean;
}

/** What is known beside an object. */
interface World {
  readonly all: readonly AnyObject[];
  /** Undefined: not asked for. */
  readonly events?: readonly Item[];
  readonly now: number;
}

/**
 * All that is to be known of objects, for a person: what they shall be, what they are, their conditions, what they have to
 * do with, and what happened. A name that no object has means those that begin with it, as with kubectl.
 */
export async function describe(
  client: Client,
  args: readonly string[],
  flags: DescribeFlags,
  now: number,
): Promise<string> {
  const selections = parseSelection(args, 'describe');
  refuseBoth(selections, flags);
  const [lists, events] = await Promise.all([
    Promise.all(RESOURCES.map(({ path }) => client.get(path, JSON_FORM))),
    flags.showEvents ? listEvents(client) : undefined,
  ]);
  const all = lists.flatMap((answer) =>
    readListing(answer).items.map(({ object }) => withKind(object, answer)),
  );
  const chosen = (await Promise.all(selections.map((each) => choose(client, each, all, flags)))).flat();
  const world = { all, now, ...(events === undefined ? {} : { events }) };
  return chosen.map((object) => describeOne(object, world)).join('\n\n');
}

/** Items of a list need not say their kind. */
function withKind(object: AnyObject, list: unknown): AnyObject {
  const { kind = '' } = list as { kind?: string };
  return { ...object, kind: object.kind ?? kind.replace(/List$/, '') };
}

async function choose(
  client: Client,
  { resource, name }: Selection,
  all: readonly AnyObject[],
  flags: DescribeFlags,
): Promise<AnyObject[]> {
  if (resource.kind === 'Event')
    throw new ReasonedError('BadArgument', 'cannot describe events: k8slab events shows them');
  const ofKind = all.filter(({ kind }) => kind === resource.kind);
  if (name === undefined) {
    const query = listQuery(flags);
    if (query === '') return ofKind;
    const { items } = readListing(await client.get(`${resource.path}${query}`, JSON_FORM));
    const names = new Set(items.map(({ metadata }) => metadata.name));
    return ofKind.filter(({ metadata }) => names.has(metadata.name));
  }
  const exact = ofKind.filter(({ metadata }) => metadata.name === name);
  if (exact.length > 0) return exact;
  const begun = ofKind.filter(({ metadata }) => metadata.name.startsWith(name));
  return begun.length > 0 ? begun : [await fetchMissing(client, resource.path, name)];
}

/** The server says best why an object is not there, such as that its manifest is not valid. */
async function fetchMissing(client: Client, path: string, name: string): Promise<AnyObject> {
  return (await client.get(`${path}/${encodeURIComponent(name)}`)) as AnyObject;
}

function describeOne(object: AnyObject, world: World): string {
  const { conditions: _, ...status } = (object['status'] ?? {}) as Readonly<Record<string, unknown>>;
  return [
    head(object, world.now),
    section('Spec', object['spec']),
    section('Status', status),
    conditionTable(object, world.now),
    relatedTable(object, world.all),
    eventTable(object, world),
  ].join('');
}

function head(object: AnyObject, now: number): string {
  const { metadata, apiVersion = '', kind = '' } = object;
  const { name, annotations = {}, creationTimestamp, deletionTimestamp, generation } = metadata;
  const notes = Object.entries(annotations).map(([key, value]) => `${key}: ${value}`);
  const rows = [
    ['Name:', name],
    ['Labels:', ...labelsOf({ metadata }).split(',')],
    ['Annotations:', ...(notes.length === 0 ? [NONE] : notes)],
    ['API Version:', apiVersion],
    ['Kind:', kind],
    ['Created:', `${creationTimestamp} (${since(creationTimestamp, now)} ago)`],
    ['Generation:', String(generation)],
    ...(deletionTimestamp === undefined
      ? []
      : [['Terminating:', `for ${since(deletionTimestamp, now)}, since its manifest is gone`]]),
  ];
  return alignColumns(
    rows.flatMap(([title = '', ...values]) =>
      values.map((value, index) => [index === 0 ? title : '', value]),
    ),
  );
}

function section(title: string, value: unknown): string {
  const isEmpty = typeof value !== 'object' || value === null || Object.keys(value).length === 0;
  return isEmpty ? `${title}:   ${NONE}\n` : `${title}:\n${indent(printYaml(value))}`;
}

function conditionTable(object: AnyObject, now: number): string {
  const rows = conditionsOf(object).map(({ type, status, reason, message, lastTransitionTime }) => [
    type,
    status,
    reason,
    since(lastTransitionTime, now),
    orNone(message),
  ]);
  return tableSection('Conditions', ['TYPE', 'STATUS', 'REASON', 'SINCE', 'MESSAGE'], rows);
}

function relatedTable(object: AnyObject, all: readonly AnyObject[]): string {
  const rows = relatedObjects(object, all, KINDS).map((related) => [
    related.object,
    related.ready ?? '-',
    related.reason,
    related.how,
  ]);
  return tableSection('Related', ['OBJECT', 'READY', 'STATUS', 'BY'], rows);
}

function eventTable({ kind, metadata }: AnyObject, { events, now }: World): string {
  if (events === undefined) return '';
  const about = events.filter(({ object }) => {
    const { involvedObject } = object as EventObject;
    return involvedObject?.kind === kind && involvedObject?.name === metadata.name;
  });
  if (about.length === 0) return `Events:   ${NONE}\n`;
  // The object is the one that is described.
  const columns = EVENT_COLUMNS.map((column) =>
    column.name === 'Object' ? { ...column, priority: 1 } : column,
  );
  const table = printTable(columns, eventItems(about, now), { wide: false, headers: true });
  return `Events:\n${indent(table)}`;
}

function tableSection(
  title: string,
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  return rows.length === 0
    ? `${title}:   ${NONE}\n`
    : `${title}:\n${indent(alignColumns([header, ...rows]))}`;
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}

function orNone(text: string): string {
  return text === '' ? NONE : oneLine(text);
}

function since(time: string, now: number): string {
  return formatAge((now - Date.parse(time)) / 1000);
}
