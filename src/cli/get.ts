import { ReasonedError, reasonOf } from '../api/errors.ts';
import type { Client } from './client.ts';
import { JSON_FORM, readListing, TABLE_FORM, type Item, type Listing } from './listing.ts';
import { parseOutput, type Output } from './outputs.ts';
import { objectPrinter } from './print-objects.ts';
import { printTable, type Paint, type TableOptions } from './print-table.ts';
import {
  listQuery,
  parseSelection,
  refuseBoth,
  type Resource,
  type Selection,
  type Selectors,
} from './selection.ts';

export interface GetFlags extends Selectors {
  /** As it was written after `-o`. */
  readonly output?: string;
  readonly headers: boolean;
  readonly ignoreNotFound?: boolean;
  /** A path, as JSONPath has it. */
  readonly sortBy?: string;
  readonly labelColumns?: readonly string[];
  readonly showLabels?: boolean;
  readonly showKind?: boolean;
  /** Manifests whose objects are meant. */
  readonly filename?: readonly string[];
}

/** What is no flag: how a terminal is coloured. */
export interface GetScene {
  readonly paint?: Paint;
}

/** What `k8slab get` prints on stdout; an empty selection is told on stderr by the caller. */
export async function get(
  client: Client,
  args: readonly string[],
  flags: GetFlags,
  scene: GetScene = {},
): Promise<string> {
  const output = parseOutput(flags.output);
  const selections = await selectionsOf(args, flags);
  if (output.type === 'table') return getTables(client, selections, { flags, output, scene });
  const printer = await objectPrinter(output, flags.headers);
  const items = (await Promise.all(selections.map((each) => fetch(client, each, flags)))).flatMap(
    (listing) => listing?.items ?? [],
  );
  const single = selections.length === 1 && selections[0]?.name !== undefined;
  // Nothing is no List of nothing where only names or columns are printed, or the one that was named may be missing.
  const silent = single || output.type === 'name' || output.type === 'custom-columns';
  if (items.length === 0 && silent) return '';
  return printer.print(
    (await sorted(items, flags)).map(({ object }) => object),
    single,
  );
}

/** @throws ReasonedError BadArgument where flags contradict each other */
export async function selectionsOf(args: readonly string[], flags: GetFlags): Promise<Selection[]> {
  const { filename = [] } = flags;
  if (filename.length === 0) {
    const selections = parseSelection(args);
    refuseBoth(selections, flags);
    return selections;
  }
  if (args.length > 0)
    throw new ReasonedError('BadArgument', 'cannot get by name and by -f at once: leave one of them out');
  const { manifestSelections } = await import('./manifest-selection.ts');
  const selections = await manifestSelections(filename);
  refuseBoth(selections, flags);
  return selections;
}

interface Wanted {
  readonly flags: GetFlags;
  readonly output: Extract<Output, { readonly type: 'table' }>;
  readonly scene: GetScene;
}

async function getTables(client: Client, selections: readonly Selection[], wanted: Wanted): Promise<string> {
  const { flags } = wanted;
  const listings = await Promise.all(
    selections.map(async (each) => ({ each, listing: await fetch(client, each, flags, TABLE_FORM) })),
  );
  const groups = [...Map.groupBy(listings, ({ each }) => each.resource)].map(([resource, found]) => {
    const parts = found.flatMap(({ listing }) => listing ?? []);
    const items = parts.flatMap(({ items: some }) => some);
    return { resource, items, columns: parts.find(({ columns }) => columns !== undefined)?.columns ?? [] };
  });
  const filled = groups.filter(({ items }) => items.length > 0);
  const tables = filled.map(async ({ resource, items, columns }) => {
    const prefixed = flags.showKind === true || filled.length > 1;
    const rows = await sorted(items, flags);
    return printTable(columns, rows, tableOptions(wanted, prefixed ? resource : undefined));
  });
  return (await Promise.all(tables)).join('\n');
}

/** @param prefix the kind that names carry */
export function tableOptions({ flags, output, scene }: Wanted, prefix: Resource | undefined): TableOptions {
  return {
    wide: output.wide,
    headers: flags.headers,
    labels: (flags.labelColumns ?? []).flatMap((label) => label.split(',')).filter((label) => label !== ''),
    showLabels: flags.showLabels === true,
    ...(prefix === undefined ? {} : { prefix: prefix.singular }),
    ...(scene.paint === undefined ? {} : { paint: scene.paint }),
  };
}

async function sorted(items: readonly Item[], { sortBy }: GetFlags): Promise<readonly Item[]> {
  if (sortBy === undefined) return items;
  const { sortItems } = await import('./sort.ts');
  return sortItems(items, sortBy);
}

/** Of the query: whole objects come with a table only where its rows are sorted by what no column shows. */
export function tableParams({ sortBy }: GetFlags): Readonly<Record<string, string>> {
  return sortBy === undefined ? {} : { includeObject: 'Object' };
}

async function fetch(
  client: Client,
  { resource, name }: Selection,
  flags: GetFlags,
  accept = JSON_FORM,
): Promise<Listing | undefined> {
  const query = listQuery(name === undefined ? flags : {}, accept === TABLE_FORM ? tableParams(flags) : {});
  const path = name === undefined ? resource.path : `${resource.path}/${encodeURIComponent(name)}`;
  try {
    return readListing(await client.get(`${path}${query}`, accept));
  } catch (error) {
    if (flags.ignoreNotFound === true && reasonOf(error) === 'NotFound') return undefined;
    throw error;
  }
}
