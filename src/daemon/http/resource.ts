import type { Table } from '../../api/kinds/table.ts';
import type { SelectableFields } from '../../api/selectors/fields.ts';
import type { Labels } from '../../api/selectors/labels.ts';

/** What a resource serves: frozen, and another value after each change. */
export interface Item {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Labels;
    readonly resourceVersion: string;
  };
}

export interface ItemChange<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: T;
  readonly previous?: T | undefined;
}

/** The cells of a table, whose rows are those of the objects in their order. */
export interface Cells {
  readonly columnDefinitions: Table['columnDefinitions'];
  readonly rows: readonly Pick<Table['rows'][number], 'cells'>[];
}

/** How discovery names a resource. */
export interface ResourceNames {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
}

/** A resource of the API, whatever it is of: `rest.ts` answers list, get and watch of all of them alike. */
export interface Resource<T extends Item = Item> extends ResourceNames {
  list(): readonly T[];
  get(name: string): T | undefined;
  /** The resourceVersion of the last change. */
  latest(): string;
  /** @throws ReasonedError Expired */
  watch(since: string, listener: (change: ItemChange<T>) => void): () => void;
  readonly fields: SelectableFields<T>;
  /** Whether `list` is by name, so that it can be given in parts. */
  readonly paged: boolean;
  /** The object as the API shows it. */
  shown(object: T): unknown;
  table(objects: readonly T[]): Cells;
  /** Why there is none of that name, to be put behind "not found". */
  missing?(name: string): string;
}

/** `k8slab.io/v1alpha1`, `v1` */
export function groupVersion({ group, version }: Pick<ResourceNames, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}

/** `/apis/k8slab.io/v1alpha1`, `/api/v1` */
export function basePath(names: Pick<ResourceNames, 'group' | 'version'>): string {
  return `${names.group === '' ? '/api' : '/apis'}/${groupVersion(names)}`;
}
