import { ReasonedError } from '../api/errors.ts';
import type { Table } from '../api/kinds/table.ts';
import type { ObjectMeta } from '../api/meta.ts';
import { statusError } from './client.ts';

export const JSON_FORM = 'application/json';
export const TABLE_FORM = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

/** An object as JSON has it, whatever its kind. */
export interface AnyObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

export type Columns = readonly Pick<Table['columnDefinitions'][number], 'name' | 'format' | 'priority'>[];

/** One object of a list, or one row of a table. */
export interface Item {
  readonly metadata: ObjectMeta;
  /** The object; of a row what it came with, which may be its metadata alone. */
  readonly object: AnyObject;
  /** Of a row. */
  readonly cells?: readonly string[];
}

export interface Listing {
  readonly items: readonly Item[];
  /** Of a table; left out where the answer is none, and where a watch has told them before. */
  readonly columns?: Columns;
  /** From where a watch goes on. */
  readonly resourceVersion?: string;
}

interface Answer {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly resourceVersion?: string };
  readonly columnDefinitions?: Columns | null;
  readonly rows?:
    | readonly { readonly cells: readonly (string | number | boolean | null)[]; readonly object: AnyObject }[]
    | null;
  readonly items?: readonly AnyObject[] | null;
}

/** What a server answered, be it a table, a list or one object. */
export function readListing(answer: unknown): Listing {
  const { kind, metadata, columnDefinitions, rows, items } = answer as Answer;
  const version = metadata?.resourceVersion;
  const at = version === undefined ? {} : { resourceVersion: version };
  if (kind === 'Table') {
    const read = (rows ?? []).map(({ cells, object }) => ({
      metadata: object.metadata,
      object,
      cells: cells.map((cell) => String(cell ?? '')),
    }));
    const columns = columnDefinitions ?? [];
    return { items: read, ...(columns.length === 0 ? {} : { columns }), ...at };
  }
  const objects = items ?? (metadata?.name === undefined ? [] : [answer as AnyObject]);
  return { items: objects.map((object) => ({ metadata: object.metadata, object })), ...at };
}

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface WatchEvent {
  readonly type: ChangeType | 'BOOKMARK';
  readonly listing: Listing;
}

/** A line of a watch. @throws ReasonedError of an ERROR event: Expired where the past asked for is gone */
export function readWatchEvent(line: string): WatchEvent {
  const { type, object } = JSON.parse(line) as { type?: string; object?: unknown };
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
    case 'BOOKMARK':
      return { type, listing: readListing(object) };
    case 'ERROR':
      throw statusError(object);
    default:
      throw new ReasonedError('NotWatched', 'cannot watch: the daemon did not answer with what changes', {
        hint: 'k8slab version tells whether it is an older one',
      });
  }
}
