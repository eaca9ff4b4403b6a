import { ReasonedError } from '../api/errors.ts';
import type { WatchingClient } from './client.ts';
import { follow, type Followed, type Waits } from './watch.ts';
import { selectionsOf, tableOptions, tableParams, type GetFlags, type GetScene } from './get.ts';
import { JSON_FORM, TABLE_FORM, type Columns, type Item } from './listing.ts';
import { parseOutput } from './outputs.ts';
import { objectPrinter } from './print-objects.ts';
import { createTable } from './print-table.ts';
import type { Resource, Selection } from './selection.ts';

export interface WatchFlags extends GetFlags {
  /** Nothing of what is there already is printed. */
  readonly watchOnly?: boolean;
}

export interface WatchScene extends GetScene, Waits {
  print(text: string): void;
  readonly signal?: AbortSignal;
}

/** Prints what there is, then a row for each change, until the signal ends it. */
export async function getWatch(
  client: WatchingClient,
  args: readonly string[],
  flags: WatchFlags,
  scene: WatchScene,
): Promise<void> {
  const { resource, names } = oneKind(await selectionsOf(args, flags));
  const output = parseOutput(flags.output);
  const isTable = output.type === 'table';
  const followed = follow(client, {
    resource,
    selectors: names?.size === 1 ? { fieldSelector: `metadata.name=${[...names].join('')}` } : flags,
    accept: isTable ? TABLE_FORM : JSON_FORM,
    params: isTable ? tableParams(flags) : {},
    sleep: (ms, signal) => scene.sleep(ms, signal),
    warn: (text) => scene.warn(text),
    ...(scene.signal === undefined ? {} : { signal: scene.signal }),
  });
  const print = await changePrinter(resource, flags, scene);
  for await (const change of followed) {
    const items = itemsOf(change).filter(({ metadata }) => names?.has(metadata.name) ?? true);
    if (change.type === 'LISTED') expectAll(resource, names, items, flags);
    const silent = change.type === 'LISTED' && (flags.watchOnly === true || items.length === 0);
    const text = print(silent ? [] : items, change.type === 'LISTED' ? change.columns : undefined);
    if (text !== '') scene.print(text);
  }
}

function itemsOf(change: Followed): readonly Item[] {
  return change.type === 'LISTED' ? change.items : [change.item];
}

/** @throws ReasonedError BadArgument, as kubectl refuses it */
function oneKind(selections: readonly Selection[]): { resource: Resource; names?: ReadonlySet<string> } {
  const [first, ...others] = selections;
  const several = others.some(({ resource }) => resource !== first?.resource);
  if (first === undefined || several) {
    const hint = 'such as k8slab get nodes -w';
    throw new ReasonedError('BadArgument', 'you may only specify a single resource type to watch', { hint });
  }
  const names = selections.flatMap(({ name }) => name ?? []);
  return { resource: first.resource, ...(names.length === 0 ? {} : { names: new Set(names) }) };
}

function expectAll(
  { plural }: Resource,
  names: ReadonlySet<string> | undefined,
  items: readonly Item[],
  { ignoreNotFound }: GetFlags,
): void {
  const found = new Set(items.map(({ metadata }) => metadata.name));
  const missing = [...(names ?? [])].find((name) => !found.has(name));
  if (missing !== undefined && ignoreNotFound !== true)
    throw new ReasonedError('NotFound', `${plural} "${missing}" not found`);
}

type ChangePrinter = (items: readonly Item[], columns: Columns | undefined) => string;

async function changePrinter(resource: Resource, flags: GetFlags, scene: WatchScene): Promise<ChangePrinter> {
  const output = parseOutput(flags.output);
  if (output.type !== 'table') {
    const printer = await objectPrinter(output, flags.headers);
    return (items) => items.map(({ object }) => printer.next(object)).join('');
  }
  const prefix = flags.showKind === true ? resource : undefined;
  const print = createTable(tableOptions({ flags, output, scene }, prefix));
  let known: Columns = [];
  return (items, columns) => {
    known = columns ?? known;
    return items.length === 0 ? '' : print(known, items);
  };
}
