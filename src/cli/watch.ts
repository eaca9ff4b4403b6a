import { ReasonedError, reasonOf } from '../api/errors.ts';
import type { WatchingClient } from './client.ts';
import { readListing, readWatchEvent, type ChangeType, type Columns, type Item } from './listing.ts';
import { listQuery, type Resource, type Selectors } from './selection.ts';

/** Where a command that goes on gets its time from, and how it says what is no output. */
export interface Waits {
  /** Ends early, without an error, when the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Told once each time the daemon goes away and comes back. */
  warn(text: string): void;
}

export interface FollowOptions extends Waits {
  readonly resource: Resource;
  readonly selectors: Selectors;
  /** `as=Table` or not. */
  readonly accept: string;
  /** Of the query of the list and the watch, such as includeObject. */
  readonly params?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export type Followed =
  /** All that there is; the first of all. */
  | { readonly type: 'LISTED'; readonly items: readonly Item[]; readonly columns?: Columns }
  | { readonly type: ChangeType; readonly item: Item };

const RETRY_MS = 1000;

/**
 * Lists, then follows what changes for as long as it is asked to: a watch that ends is taken up where it ended, and what
 * a watch cannot tell any more is found by listing again. Ends when the signal is aborted.
 * @throws ReasonedError of the first list, and of what no other try would mend
 */
export async function* follow(client: WatchingClient, options: FollowOptions): AsyncGenerator<Followed> {
  const { signal } = options;
  const known = new Map<string, Item>();
  let since = await list(client, options, known);
  yield { type: 'LISTED', items: [...known.values()], ...since.columns };
  const outage = createOutage(options);
  while (!isAborted(signal)) {
    try {
      if (since.resourceVersion === undefined) {
        const before = new Map(known);
        since = await list(client, options, known);
        outage.over();
        yield* differences(before, known);
      }
      for await (const event of watch(client, options, since)) {
        outage.over();
        const { resourceVersion } = event;
        since = { ...since, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
        if (event.change !== undefined) yield remember(known, event.change);
      }
    } catch (error) {
      if (isAborted(signal)) return;
      const reason = reasonOf(error);
      if (reason === 'Expired' || reason === 'Gone') since = {};
      else if (reason === 'DaemonUnreachable') outage.begins(error);
      else throw error;
    }
    await options.sleep(RETRY_MS, signal);
  }
}

interface Since {
  readonly resourceVersion?: string;
  readonly columns?: { readonly columns: Columns };
}

async function list(
  client: WatchingClient,
  options: FollowOptions,
  known: Map<string, Item>,
): Promise<Since> {
  const { resource, selectors, params = {}, accept } = options;
  const answer = await client.get(`${resource.path}${listQuery(selectors, params)}`, accept);
  const { items, columns, resourceVersion } = readListing(answer);
  known.clear();
  for (const item of items) known.set(item.metadata.name, item);
  return {
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(columns === undefined ? {} : { columns: { columns } }),
  };
}

interface Seen {
  readonly resourceVersion?: string;
  readonly change?: { readonly type: ChangeType; readonly item: Item };
}

async function* watch(client: WatchingClient, options: FollowOptions, since: Since): AsyncGenerator<Seen> {
  const { resource, selectors, params = {}, accept, signal } = options;
  const query = listQuery(selectors, {
    ...params,
    watch: 'true',
    allowWatchBookmarks: 'true',
    ...(since.resourceVersion === undefined ? {} : { resourceVersion: since.resourceVersion }),
  });
  for await (const line of client.watch(`${resource.path}${query}`, accept, signal)) {
    const { type, listing } = readWatchEvent(line);
    const [item] = listing.items;
    const version = item?.metadata.resourceVersion ?? listing.resourceVersion;
    const at = version === undefined ? {} : { resourceVersion: version };
    yield type === 'BOOKMARK' || item === undefined ? at : { ...at, change: { type, item } };
  }
}

function remember(known: Map<string, Item>, change: { type: ChangeType; item: Item }): Followed {
  const { type, item } = change;
  if (type === 'DELETED') known.delete(item.metadata.name);
  else known.set(item.metadata.name, item);
  return change;
}

/** What a watch would have told of two lists. */
function* differences(
  before: ReadonlyMap<string, Item>,
  after: ReadonlyMap<string, Item>,
): Generator<Followed> {
  for (const [name, item] of before) if (!after.has(name)) yield { type: 'DELETED', item };
  for (const [name, item] of after) {
    const old = before.get(name)?.metadata;
    if (old === undefined) yield { type: 'ADDED', item };
    else if (old.resourceVersion !== item.metadata.resourceVersion) yield { type: 'MODIFIED', item };
  }
}

function createOutage(waits: Waits): { begins(error: unknown): void; over(): void } {
  let away = false;
  return {
    begins(error) {
      if (!away)
        waits.warn(`${error instanceof ReasonedError ? error.message : 'k8slabd went away'}; waiting for it`);
      away = true;
    },
    over() {
      if (away) waits.warn('k8slabd is back');
      away = false;
    },
  };
}

/** Asked through a function, since the compiler takes a property of before an await for the one of after it. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}
