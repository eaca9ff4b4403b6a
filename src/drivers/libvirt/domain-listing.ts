import type { DomainListing } from '../virsh/listing.ts';

/** The list of domains with their states, kept until it is doubted as a whole or for one of them. */
export interface KeptListing {
  /** Reads what is in doubt. Readers at the same time share one read, unless it began before a doubt. */
  readonly current: () => Promise<void>;
  /** After `current`. */
  readonly find: (name: string) => DomainListing | undefined;
  /** Sorted by name. */
  readonly all: () => readonly DomainListing[];
  readonly doubt: (name: string) => void;
  readonly doubtAll: () => void;
  /** Lists again whatever is known. */
  readonly refresh: () => Promise<void>;
}

export interface ListingOptions {
  readonly list: () => Promise<readonly DomainListing[]>;
  readonly listOne: (name: string) => Promise<DomainListing | undefined>;
  /** Told before anybody sees it. */
  readonly onDifference: (difference: Difference) => void;
}

/** What came has no `before`, what went no `now`. */
export interface Difference {
  readonly before: DomainListing | undefined;
  readonly now: DomainListing | undefined;
  /** Somebody doubted it: that it may be another one is no news. */
  readonly doubted: boolean;
}

/** From so many on one list costs less than asking about each. */
const MANY = 8;
/** Of a domain that changes faster than it can be read, the last state that was read will do: its event says "look again". */
const TRIES = 3;

interface State extends ListingOptions {
  /** By UUID. */
  readonly known: Map<string, DomainListing>;
  readonly uuids: Map<string, string>;
  /** Names in doubt, each with a mark of when it last came into doubt. */
  readonly doubted: Map<string, symbol>;
  sorted: readonly DomainListing[] | undefined;
  /** The list that stands, or is being read; undefined when all is in doubt. */
  listed: Promise<void> | undefined;
  /** Before the first list all is new, and nothing is news. */
  first: boolean;
  readonly asked: Map<symbol, Promise<void>>;
}

export function createKeptListing(options: ListingOptions): KeptListing {
  const state: State = {
    ...options,
    known: new Map(),
    uuids: new Map(),
    doubted: new Map(),
    sorted: undefined,
    listed: undefined,
    first: true,
    asked: new Map(),
  };
  return {
    current: () => current(state),
    find(name) {
      const uuid = state.uuids.get(name);
      return uuid === undefined ? undefined : state.known.get(uuid);
    },
    all: () => (state.sorted ??= [...state.known.values()].sort((a, b) => (a.name < b.name ? -1 : 1))),
    doubt: (name) => void state.doubted.set(name, Symbol(name)),
    doubtAll: () => (state.listed = undefined),
    refresh() {
      state.listed = undefined;
      return current(state);
    },
  };
}

async function current(state: State): Promise<void> {
  if (state.doubted.size >= MANY) state.listed = undefined;
  for (let tries = 0; tries < TRIES && state.listed === undefined; tries += 1) await startList(state);
  await state.listed;
  for (let tries = 0; tries < TRIES && state.doubted.size > 0; tries += 1) {
    await Promise.all([...state.doubted].map(([name, doubt]) => askOnce(state, name, doubt)));
  }
}

function startList(state: State): Promise<void> {
  const listed = relist(state);
  state.listed = listed;
  listed.catch(() => {
    if (state.listed === listed) state.listed = undefined;
  });
  return listed;
}

/** Doubts that come while it is read stay: it may have been read before what they are about. */
async function relist(state: State): Promise<void> {
  const doubted = new Map(state.doubted);
  const found = await state.list();
  const uuids = new Set(found.map(({ uuid }) => uuid));
  const gone = [...state.known.values()].filter(({ uuid }) => !uuids.has(uuid));
  for (const before of gone) learn(state, before, undefined);
  for (const listing of found) learn(state, state.known.get(listing.uuid), listing);
  state.first = false;
  for (const [name, doubt] of doubted) settleDoubt(state, name, doubt);
}

function settleDoubt({ doubted }: State, name: string, doubt: symbol): void {
  if (doubted.get(name) === doubt) doubted.delete(name);
}

function askOnce(state: State, name: string, doubt: symbol): Promise<void> {
  const before = state.asked.get(doubt);
  if (before !== undefined) return before;
  const asked = ask(state, name, doubt).finally(() => state.asked.delete(doubt));
  state.asked.set(doubt, asked);
  return asked;
}

async function ask(state: State, name: string, doubt: symbol): Promise<void> {
  const found = await state.listOne(name);
  // What came into doubt meanwhile is asked about again.
  if (state.doubted.get(name) !== doubt) return;
  const before = state.known.get(state.uuids.get(name) ?? '');
  if (before !== undefined && before.uuid !== found?.uuid) learn(state, before, undefined);
  if (found !== undefined) learn(state, state.known.get(found.uuid), found);
  state.doubted.delete(name);
}

function learn(state: State, before: DomainListing | undefined, now: DomainListing | undefined): void {
  if (before !== undefined && now !== undefined && isSame(before, now)) return;
  state.sorted = undefined;
  if (before !== undefined) {
    state.known.delete(before.uuid);
    if (state.uuids.get(before.name) === before.uuid) state.uuids.delete(before.name);
  }
  if (now !== undefined) {
    state.known.set(now.uuid, now);
    state.uuids.set(now.name, now.uuid);
  }
  const doubted = [before, now].some((each) => each !== undefined && state.doubted.has(each.name));
  state.onDifference({ before, now, doubted: doubted || state.first });
}

/** The reason of a state is told by some ways of asking only. */
function isSame(before: DomainListing, now: DomainListing): boolean {
  return (
    before.name === now.name &&
    before.state === now.state &&
    before.transient === now.transient &&
    before.autostart === now.autostart
  );
}
