import { toError } from '../../api/errors.ts';
import { parseNetwork, type NetworkDocument } from '../../api/libvirt/network.ts';
import type { NetworkListing } from '../virsh/listing.ts';
import type { NetworkCalls } from '../virsh/networks.ts';
import { createDocuments, isConnectionError } from './documents.ts';
import type { NetworkRecord, NetworkSurvey, Unreadable } from './view.ts';

/** Networks by name, each with its parsed documents. */
export interface NetworkCache {
  readonly networks: () => Promise<readonly NetworkListing[]>;
  readonly network: (name: string) => Promise<NetworkRecord | undefined>;
  readonly survey: () => Promise<NetworkSurvey>;
  readonly drop: (name: string) => void;
  readonly dropAll: () => void;
  /** Lists again; what is another than it was is dropped and told. */
  readonly refresh: () => Promise<void>;
  /** Reads a few of the documents again that nothing told of for `ageMs`. */
  readonly sweep: (limit: number, ageMs: number) => Promise<void>;
}

export interface NetworkCacheOptions {
  readonly libvirt: Pick<NetworkCalls, 'networks' | 'networkXml'>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly retryMs: number;
  /** Something is known to be another than it was. */
  readonly onChange: (name: string) => void;
  readonly parse?: (text: string) => NetworkDocument;
}

interface List {
  readonly read: Promise<readonly NetworkListing[]>;
}

export function createNetworkCache(options: NetworkCacheOptions): NetworkCache {
  const { libvirt, now, retryMs, onChange, parse = parseNetwork } = options;
  const read = (inactive: boolean) => (name: string) => libvirt.networkXml(name, { inactive });
  const config = createDocuments({ read: read(true), parse, now, retryMs });
  const live = createDocuments({ read: read(false), parse, now, retryMs });
  let list: List | undefined;
  let known: readonly NetworkListing[] | undefined;
  /** Dropped since they were last listed: that they are others is no news. */
  const dropped = new Set<string>();

  function networks(): Promise<readonly NetworkListing[]> {
    if (list !== undefined) return list.read;
    const current: List = { read: readList() };
    list = current;
    current.read.catch(() => {
      if (list === current) list = undefined;
    });
    return current.read;
  }
  async function readList(): Promise<readonly NetworkListing[]> {
    const told = new Set(dropped);
    const found = await libvirt.networks();
    const present = new Set(found.map(({ name }) => name));
    for (const name of changedNames(known ?? found, found)) {
      for (const documents of [config, live]) {
        if (present.has(name)) documents.drop(name);
        else documents.forget(name);
      }
      if (!told.has(name) && !dropped.has(name)) onChange(name);
    }
    for (const name of told) dropped.delete(name);
    known = found;
    return found;
  }
  function drop(name: string): void {
    dropped.add(name);
    list = undefined;
    config.drop(name);
    live.drop(name);
  }

  async function record(listing: NetworkListing): Promise<NetworkRecord | undefined> {
    const { name, active } = listing;
    const [defined, running] = await Promise.all([config.get(name), active ? live.get(name) : undefined]);
    if (defined === undefined) return undefined;
    return { ...listing, config: defined, ...(running === undefined ? {} : { live: running }) };
  }

  return {
    networks,
    async network(name) {
      const listing = (await networks()).find((each) => each.name === name);
      return listing === undefined ? undefined : record(listing);
    },
    async survey() {
      const found: NetworkRecord[] = [];
      const unreadable: Unreadable[] = [];
      for (const listing of await networks()) {
        try {
          const each = await record(listing);
          if (each !== undefined) found.push(each);
        } catch (error) {
          if (isConnectionError(error)) throw error;
          unreadable.push({ kind: 'network', name: listing.name, error: toError(error) });
        }
      }
      return { networks: found, unreadable };
    },
    drop,
    dropAll() {
      for (const { name } of known ?? []) drop(name);
      list = undefined;
    },
    async refresh() {
      list = undefined;
      await networks();
    },
    async sweep(limit, ageMs) {
      const swept = await Promise.all([config.sweep(limit, ageMs), live.sweep(limit, ageMs)]);
      for (const name of new Set(swept.flat())) onChange(name);
    },
  };
}

/** By all that is listed: a network that was made anew has another UUID. */
function changedNames(before: readonly NetworkListing[], now: readonly NetworkListing[]): string[] {
  const lines = (listings: readonly NetworkListing[]): Map<string, string> =>
    new Map(listings.map((each) => [each.name, JSON.stringify(each)]));
  const [old, young] = [lines(before), lines(now)];
  return [...new Set([...old.keys(), ...young.keys()])].filter((name) => old.get(name) !== young.get(name));
}
