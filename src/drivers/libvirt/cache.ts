import { toError } from '../../api/errors.ts';
import type { Libvirt, LibvirtEvent } from '../libvirt.ts';
import type { CacheClock } from './clock.ts';
import { createDomainCache, type DomainCache, type DomainParts } from './domain-cache.ts';
import { createConnection, type Connection } from './connection.ts';
import { dropOnChange } from './drop-on-change.ts';
import { createNetworkCache, type NetworkCache } from './network-cache.ts';
import { createNews, type News } from './news.ts';
import type { LibvirtChange, LibvirtView, Suspicion } from './view.ts';
import { watchLibvirtFiles, type LibvirtFiles } from './watch-files.ts';

/** libvirt with what is known of it: what changes something goes through `libvirt`, what is read comes from the view. */
export interface LibvirtCache {
  readonly view: LibvirtView;
  /** Its changes drop what they may have made stale. */
  readonly libvirt: Libvirt;
  /**
   * Listens to libvirt and its files, and lists now and then. `onChange` is told of what somebody else changed, after it
   * was dropped; of a change made through `libvirt` it is not.
   */
  watch(onChange: (change: LibvirtChange) => void): { dispose(): Promise<void> };
  /** Something else tells that an object may be another one: it is dropped, and told if it is; that all may be is told. */
  suspect(change: Suspicion): void;
}

export interface LibvirtCacheOptions {
  readonly libvirt: Libvirt;
  readonly clock: CacheClock;
  /** Where libvirt keeps definitions and states; undefined: they are not watched. */
  readonly files?: LibvirtFiles;
  /** Lists with states, which find what nothing told of, come at the multiples of it (ms); default 20000. */
  readonly listMs?: number;
  /** Documents that nothing told of for so long are read again, a few with each list (ms); default 30 minutes. */
  readonly sweepMs?: number;
  /** How many of each sort with each list; default 4. */
  readonly sweepAtOnce?: number;
  /** How long the error of a document that cannot be read is kept (ms); default 10000. */
  readonly retryMs?: number;
  readonly onEvent?: (event: LibvirtEvent) => void;
}

interface Context {
  readonly options: LibvirtCacheOptions;
  readonly connection: Connection;
  readonly domains: DomainCache;
  readonly networks: NetworkCache;
  readonly news: News;
  readonly tell: (change: LibvirtChange) => void;
}

export function createLibvirtCache(options: LibvirtCacheOptions): LibvirtCache {
  const listeners = new Set<(change: LibvirtChange) => void>();
  const context = createContext(options, (change) => listeners.forEach((listener) => listener(change)));
  const { domains, networks, news } = context;
  return {
    view: {
      host: () => context.connection.facts(),
      domains: domains.domains,
      survey: domains.survey,
      networks: networks.networks,
      surveyNetworks: networks.survey,
      async domain(name) {
        const found = await domains.domain(name);
        news.read({ kind: 'domain', name }, found);
        return found;
      },
      async network(name) {
        const found = await networks.network(name);
        news.read({ kind: 'network', name }, found);
        return found;
      },
    },
    libvirt: dropOnChange(options.libvirt, {
      domain(name, parts) {
        domains.drop(name, parts);
        news.own({ kind: 'domain', name });
      },
      network(name) {
        networks.drop(name);
        news.own({ kind: 'network', name });
      },
      guestsOf: domains.dropLiveOn,
    }),
    watch(onChange) {
      listeners.add(onChange);
      const watches = startWatches(context);
      return {
        async dispose() {
          listeners.delete(onChange);
          news.dispose();
          await watches.dispose();
        },
      };
    },
    suspect: (change) => suspect(context, change),
  };
}

function createContext(options: LibvirtCacheOptions, tell: Context['tell']): Context {
  const { libvirt, clock, retryMs = 10_000 } = options;
  const shared = { libvirt, now: () => clock.monotonic(), retryMs };
  const domains = createDomainCache({
    ...shared,
    onChange: (name) => news.suspect({ kind: 'domain', name }),
  });
  const networks = createNetworkCache({
    ...shared,
    onChange: (name) => news.suspect({ kind: 'network', name }),
  });
  const news = createNews({
    clock,
    look: ({ kind, name }) => (kind === 'domain' ? domains.domain(name) : networks.network(name)),
    tell,
  });
  return { options, connection: createConnection(libvirt), domains, networks, news, tell };
}

function dropAll({ connection, domains, networks }: Context): void {
  connection.drop();
  domains.dropAll();
  networks.dropAll();
}

function startWatches(context: Context): { dispose(): Promise<void> } {
  const { options } = context;
  const files = options.files && watchLibvirtFiles(options.files, (change) => suspect(context, change));
  const listing = startListing(context);
  const events = options.libvirt.events((event) => {
    options.onEvent?.(event);
    if (event.kind === 'ended') listing.listNow();
    else hear(context, event, files?.complete() ?? false);
  });
  return {
    async dispose() {
      files?.dispose();
      listing.dispose();
      await events.dispose();
    },
  };
}

function suspect(context: Context, change: Suspicion): void {
  const { domains, networks, news, tell } = context;
  switch (change.kind) {
    case 'all':
      dropAll(context);
      tell(change);
      return;
    case 'domain':
      domains.drop(change.name, 'all');
      news.suspect(change);
      return;
    case 'network':
      networks.drop(change.name);
      news.suspect(change);
  }
}

function hear(
  context: Context,
  event: Exclude<LibvirtEvent, { kind: 'ended' }>,
  filesWatched: boolean,
): void {
  const { domains, networks, news, tell } = context;
  switch (event.kind) {
    case 'lost':
      lost(context, event.since, filesWatched);
      return;
    case 'network':
      networks.drop(event.name);
      if (/^(Started|Stopped)/.test(event.detail)) domains.dropLiveOn(event.name);
      news.suspect({ kind: 'network', name: event.name });
      return;
    case 'domain': {
      const { name } = event;
      domains.drop(name, partsOf(event));
      if (showsInDocuments(event)) news.suspect({ kind: 'domain', name });
      else tell({ kind: 'domain', name });
    }
  }
}

/** The files tell of every document that changed meanwhile; of states only a list tells. */
function lost(context: Context, since: 'start' | 'gap', filesWatched: boolean): void {
  const { connection, domains, networks, tell } = context;
  if (!filesWatched) dropAll(context);
  else {
    connection.drop();
    // What they find is told; that they fail is found by whoever reads next.
    domains.refresh().catch(() => undefined);
    networks.refresh().catch(() => undefined);
  }
  if (!filesWatched || since === 'gap') tell({ kind: 'all' });
}

type DomainEvent = Exclude<LibvirtEvent, { kind: 'lost' | 'ended' }>;

/** Of most of a domain's life only its running side is concerned. */
function partsOf({ event, detail }: DomainEvent): DomainParts {
  return event === 'lifecycle' && !/^(Defined|Undefined)/.test(detail) ? 'live' : 'all';
}

/** Others (a reboot, a job that ended) are news themselves. */
function showsInDocuments({ event }: DomainEvent): boolean {
  return event === 'lifecycle' || event === 'metadata-change';
}

function startListing({ options, connection, domains, networks, tell }: Context): {
  /** Whether libvirt is still there shows at once. */
  listNow(): void;
  dispose(): void;
} {
  const { clock, listMs = 20_000, sweepMs = 30 * 60_000, sweepAtOnce = 4 } = options;
  let disposed = false;
  let timer = clock.setTimer(untilNext(), listAgain);

  /** Whatever else is done at these moments needs no waking of its own. A timer may be early by a moment. */
  function untilNext(): number {
    const left = listMs - (clock.monotonic() % listMs);
    return left < listMs / 2 ? left + listMs : left;
  }
  function listAgain(): void {
    void list().finally(() => {
      if (!disposed) timer = clock.setTimer(untilNext(), listAgain);
    });
  }
  /** A list that fails leaves everything in doubt: the next reader lists, and is told why it cannot. */
  async function list(): Promise<void> {
    const refreshed = await Promise.allSettled([domains.refresh(), networks.refresh()]);
    const failed = refreshed.find((each) => each.status === 'rejected');
    if (disposed) return;
    if (connection.listed(failed && toError(failed.reason))) tell({ kind: 'host' });
    await Promise.allSettled([domains.sweep(sweepAtOnce, sweepMs), networks.sweep(sweepAtOnce, sweepMs)]);
  }
  return {
    listNow: () => void list(),
    dispose() {
      disposed = true;
      timer.cancel();
    },
  };
}
