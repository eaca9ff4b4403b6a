import { formatAge } from '../age.ts';
import {
  findCondition,
  isTrue,
  MANIFEST_INVALID,
  MANIFESTS_INVALID,
  MANIFESTS_UNREAD,
  PENDING_TYPES,
  READY,
  REMOVAL_HELD,
  SYNCED,
} from '../conditions.ts';
import type { ApiObject, Condition } from '../meta.ts';
import { NONE, type Column } from './columns.ts';
import type { KindDefinition } from './define.ts';
import { partial, type PartialObjectMetadata } from './partial.ts';

/** meta.k8s.io/v1 Table, as kubectl asks the server for it. */
export interface Table {
  readonly kind: 'Table';
  readonly apiVersion: 'meta.k8s.io/v1';
  readonly columnDefinitions: readonly {
    readonly name: string;
    readonly type: 'string';
    /** `name`: the column that `kubectl get a,b` puts the kind before. */
    readonly format: 'name' | '';
    readonly description: string;
    readonly priority: number;
  }[];
  readonly rows: readonly { readonly cells: readonly string[]; readonly object: PartialObjectMetadata }[];
}

/** @param now milliseconds since the epoch, for AGE */
export function renderTable(
  { columns: own }: Pick<KindDefinition, 'columns'>,
  objects: readonly ApiObject[],
  now: number,
): Table {
  const columns = [name, ...(own as readonly Column<ApiObject>[]), ready, reason, age, message];
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    columnDefinitions: columns.map((column) => ({
      name: column.name,
      type: 'string',
      format: column === name ? 'name' : '',
      description: '',
      priority: column.wide === undefined ? 0 : 1,
    })),
    rows: objects.map((object) => {
      const row = made.get(object) ?? rowOf(columns, object);
      made.set(object, row);
      return { cells: row.cells.with(columns.indexOf(age), ageOf(object, now)), object: row.object };
    }),
  };
}

type Row = Table['rows'][number];

/** Objects are frozen, and few of a thousand change between two tables: but for their age, rows are made once. */
const made = new WeakMap<ApiObject, Row>();

function rowOf(columns: readonly Column<ApiObject>[], object: ApiObject): Row {
  return { cells: columns.map((column) => column.cell(object)), object: partial(object) };
}

function ageOf({ metadata }: ApiObject, now: number): string {
  return formatAge((now - Date.parse(metadata.creationTimestamp)) / 1000);
}

/** Conditions that STATUS shows beside why the object is Ready or not, where they are True. */
const BESIDE = [REMOVAL_HELD, MANIFEST_INVALID, MANIFESTS_INVALID, MANIFESTS_UNREAD];

const name: Column<ApiObject> = { name: 'Name', cell: ({ metadata }) => metadata.name };
const ready: Column<ApiObject> = {
  name: 'Ready',
  cell: ({ status }) => findCondition(status.conditions, READY)?.status ?? 'Unknown',
};
const reason: Column<ApiObject> = {
  name: 'Status',
  cell: ({ metadata, status }) => {
    const why = findCondition(status.conditions, READY)?.reason ?? 'Pending';
    const shown = metadata.deletionTimestamp === undefined ? why : 'Terminating';
    const beside = [...BESIDE, ...PENDING_TYPES].filter((type) => isTrue(status.conditions, type));
    const held = heldBack(status.conditions)?.reason ?? [];
    return [...new Set([shown, held, beside].flat())].join(',');
  },
};
/** What keeps an object that works from what its manifest asks for, such as another manifest that contradicts it. */
function heldBack(conditions: readonly Condition[]): Condition | undefined {
  const synced = findCondition(conditions, SYNCED);
  return isTrue(conditions, READY) && synced?.status === 'False' ? synced : undefined;
}

/** Filled in by each table. */
const age: Column<ApiObject> = { name: 'Age', cell: () => NONE };
const message: Column<ApiObject> = {
  name: 'Message',
  wide: true,
  cell: ({ status: { conditions } }) => {
    const held = heldBack(conditions);
    const others = [READY, ...PENDING_TYPES].map((type) => findCondition(conditions, type));
    const told = [held, ...others].map((each) => each?.message ?? '');
    return told.find((text) => text !== '')?.replaceAll(/\s+/g, ' ') ?? NONE;
  },
};
