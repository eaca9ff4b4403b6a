import { toError } from '../../api/errors.ts';
import { parseDomain, type DomainDocument } from '../../api/libvirt/domain.ts';
import { mapAtOnce } from '../at-once.ts';
import type { DomainCalls, DomainXmlOptions } from '../virsh/domains.ts';
import type { DomainListing } from '../virsh/listing.ts';
import { createDocuments, isConnectionError, type Documents } from './documents.ts';
import { createDomainIndex, type DomainIndex } from './domain-index.ts';
import { createKeptListing, type Difference, type KeptListing } from './domain-listing.ts';
import type { DomainRecord, DomainSurvey, Unreadable } from './view.ts';

/** Which of what is known of a domain may no longer hold; its state always may not. */
export type DomainParts = 'state' | 'live' | 'all';

/** Domains by name, each with its parsed documents. */
export interface DomainCache {
  readonly domains: () => Promise<readonly DomainListing[]>;
  readonly domain: (name: string) => Promise<DomainRecord | undefined>;
  readonly survey: () => Promise<DomainSurvey>;
  readonly drop: (name: string, parts: DomainParts) => void;
  /** Guests on a network that was stopped or started may be on another bridge. */
  readonly dropLiveOn: (network: string) => void;
  readonly dropAll: () => void;
  /** Lists again; what is another than it was is dropped and told. */
  readonly refresh: () => Promise<void>;
  /** Reads a few of the documents again that nothing told of for `ageMs`. */
  readonly sweep: (limit: number, ageMs: number) => Promise<void>;
}

export interface DomainCacheOptions {
  readonly libvirt: Pick<DomainCalls, 'domains' | 'domainListing' | 'domainXml'>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly retryMs: number;
  /** Something is known to be another than it was. */
  readonly onChange: (name: string) => void;
  readonly parse?: (text: string) => DomainDocument;
}

interface State {
  readonly listing: KeptListing;
  readonly config: Documents<DomainDocument>;
  readonly live: Documents<DomainDocument>;
  readonly index: DomainIndex;
  /** Names of domains of which the index may not know all. */
  readonly unsettled: Set<string>;
  readonly unreadable: Map<string, Unreadable>;
  readonly records: Map<string, Promise<DomainRecord | undefined>>;
}

/** So many documents are read at once, which leaves sessions for who is in a hurry. */
const READERS = 2;

export function createDomainCache(options: DomainCacheOptions): DomainCache {
  const state = createState(options);
  const { listing, config, live } = state;
  return {
    async domains() {
      await listing.current();
      return listing.all();
    },
    async domain(name) {
      await listing.current();
      const found = listing.find(name);
      return found === undefined ? undefined : readRecord(state, found);
    },
    survey: () => survey(state),
    drop: (name, parts) => drop(state, name, parts),
    dropLiveOn(network) {
      for (const { domain } of state.index.interfacesOn({ network, bridges: [] }))
        drop(state, domain, 'live');
    },
    dropAll() {
      for (const { name } of listing.all()) drop(state, name, 'all');
      listing.doubtAll();
    },
    refresh: () => listing.refresh(),
    async sweep(limit, ageMs) {
      const swept = await Promise.all([config.sweep(limit, ageMs), live.sweep(limit, ageMs)]);
      for (const name of new Set(swept.flat())) {
        unsettle(state, name);
        options.onChange(name);
      }
    },
  };
}

function createState(options: DomainCacheOptions): State {
  const { libvirt, now, retryMs, onChange, parse = parseDomain } = options;
  function documents(options: DomainXmlOptions): Documents<DomainDocument> {
    return createDocuments({ read: (name) => libvirt.domainXml(name, options), parse, now, retryMs });
  }
  const state: State = {
    listing: createKeptListing({
      list: () => libvirt.domains(),
      listOne: (name) => libvirt.domainListing(name),
      onDifference(difference) {
        differs(state, difference);
        const { before, now: found, doubted } = difference;
        if (!doubted) onChange((found ?? before)?.name ?? '');
      },
    }),
    config: documents({ inactive: true, secrets: true }),
    live: documents({ inactive: false }),
    index: createDomainIndex(),
    unsettled: new Set(),
    unreadable: new Map(),
    records: new Map(),
  };
  return state;
}

/** A document belongs to a UUID: by the same name there may be another domain now. */
function differs(state: State, { before, now, doubted }: Difference): void {
  if (before !== undefined && before.name !== now?.name) forget(state, before.name);
  if (now === undefined) return;
  if (before === undefined) forget(state, now.name);
  // Who doubted it dropped what may be another one, except what runs now.
  dropDocuments(state, now.name, doubted ? 'live' : 'all');
}

function forget(state: State, name: string): void {
  state.config.forget(name);
  state.live.forget(name);
  state.index.remove(name);
  state.records.delete(name);
  state.unsettled.delete(name);
  state.unreadable.delete(name);
}

function drop(state: State, name: string, parts: DomainParts): void {
  state.listing.doubt(name);
  dropDocuments(state, name, parts);
}

function dropDocuments(state: State, name: string, parts: DomainParts): void {
  if (parts === 'all') state.config.drop(name);
  if (parts !== 'state') state.live.drop(name);
  unsettle(state, name);
}

function unsettle(state: State, name: string): void {
  state.records.delete(name);
  state.unsettled.add(name);
}

function readRecord(state: State, listing: DomainListing): Promise<DomainRecord | undefined> {
  const { name } = listing;
  const before = state.records.get(name);
  if (before !== undefined) return before;
  const record = buildRecord(state, listing);
  state.records.set(name, record);
  record.then(
    (found) => settled(state, name, record, found),
    () => state.records.get(name) === record && state.records.delete(name),
  );
  return record;
}

async function buildRecord(state: State, listing: DomainListing): Promise<DomainRecord | undefined> {
  const { name, state: power } = listing;
  const off = power === 'shutoff' || power === 'crashed';
  const [config, live] = await Promise.all([state.config.get(name), off ? undefined : state.live.get(name)]);
  if (config === undefined) return undefined;
  return { ...listing, config, ...(live === undefined ? {} : { live: live.model }) };
}

/** The index learns what was read, unless it was dropped meanwhile. */
function settled(
  state: State,
  name: string,
  record: Promise<DomainRecord | undefined>,
  found: DomainRecord | undefined,
): void {
  if (state.records.get(name) !== record) return;
  state.unsettled.delete(name);
  state.unreadable.delete(name);
  if (found === undefined) state.index.remove(name);
  else state.index.put(found);
}

async function survey(state: State): Promise<DomainSurvey> {
  await state.listing.current();
  await mapAtOnce(unsettledListings(state), READERS, (listing) => readForSurvey(state, listing));
  const { macHolders, diskHolders, interfacesOn, usersOf, records } = state.index;
  const unreadable = [...state.unreadable.values()];
  return { domains: records(), unreadable, macHolders, diskHolders, interfacesOn, usersOf };
}

function unsettledListings({ listing, unsettled }: State): DomainListing[] {
  const listings: DomainListing[] = [];
  for (const name of unsettled) {
    const found = listing.find(name);
    if (found === undefined) unsettled.delete(name);
    else listings.push(found);
  }
  return listings;
}

async function readForSurvey(state: State, listing: DomainListing): Promise<void> {
  try {
    await readRecord(state, listing);
  } catch (error) {
    if (isConnectionError(error)) throw error;
    const { name } = listing;
    state.index.remove(name);
    state.unreadable.set(name, { kind: 'domain', name, error: toError(error) });
  }
}
