import type { Stats } from 'node:fs';
import { lstat, stat } from 'node:fs/promises';
import { ReasonedError, toError } from '../../api/errors.ts';
import type { ManifestFile, ManifestListing } from '../../api/manifest/snapshot.ts';
import { mapAtOnce } from '../at-once.ts';
import { errnoOf, ioError } from '../io-errors.ts';
import { assertTrusted, assertTrustedWay } from '../trust.ts';
import { findManifests } from './find.ts';
import { readManifest } from './read.ts';
import type { Suspects } from './suspects.ts';

export interface ListOptions {
  readonly path: string;
  readonly isManifest: (name: string) => boolean;
  readonly debounceMs: number;
  /** Milliseconds that a file is away until it counts as gone: a listing waits for it as long. */
  readonly goneMs: number;
  /** Bytes of one file at most. */
  readonly maxBytes: number;
  readonly now: () => number;
  readonly delay: (ms: number) => Promise<void>;
  readonly suspects: Pick<Suspects, 'addAll' | 'take'>;
}

/** A file at one moment. */
interface Seen {
  readonly file: ManifestFile;
  /** Milliseconds of its last change; undefined when it changed while it was read. */
  readonly changed: number | undefined;
  /** Equal as long as its content, owner and mode are the same; undefined where it could not be read. */
  readonly stamp?: string;
}

/** By path. */
type Unchanged = ReadonlyMap<string, Seen>;

interface Look {
  readonly seen: ReadonlyMap<string, Seen>;
  /** Folders that could not be read. */
  readonly unread: readonly string[];
  /** Milliseconds of the last change of a folder. */
  readonly changed: number;
}

const ROUNDS = 2;
/** An edit waits for a look at each file: one after the other a thousand of them are most of what it waits for. */
const AT_ONCE = 16;

/**
 * Makes what lists the manifests. Editors replace a file by deleting it first, or empty it before they write: a listing
 * that falls into such a gap would be an order to delete, so that no file counts before it has been quiet for a while, and
 * none is gone before it has been away for longer: who is to write it may be held up. One that is written all the time does
 * not hold up the others.
 */
export function createLister(options: ListOptions): () => Promise<ManifestListing> {
  const { debounceMs, goneMs, now, delay } = options;
  /** Files of the last listing that are there no more -> since when; 0: they are still there. */
  let known = new Map<string, number>();
  let unchanged: Unchanged = new Map();
  /** As long as one file takes to be gone: where one goes after the other, those that are there count meanwhile. */
  const goneRounds = Math.ceil(goneMs / debounceMs) + 1;

  function isWithin(ms: number, since: number | undefined): boolean {
    // A time to come is no recent change but a wrong clock; within a millisecond it is but rounded.
    const age = since === undefined ? 0 : now() - since;
    return age > -1 && age < ms;
  }

  function isFresh(changed: number | undefined): boolean {
    return isWithin(debounceMs, changed);
  }

  function missing({ seen, unread }: Look): ManifestFile[] {
    const gone = [...known].filter(([path]) => !seen.has(path));
    known = new Map(gone.map(([path, since]) => [path, since === 0 ? now() : since]));
    return [...known]
      .filter(
        ([path, since]) => isWithin(goneMs, since) || unread.some((folder) => path.startsWith(`${folder}/`)),
      )
      .map(([path]) => ({ path, unsettled: true }));
  }

  return async () => {
    for (let round = 0; ; round++) {
      const look = await lookAll(options, unchanged);
      const absent = missing(look);
      const fresh = new Set([...look.seen.values()].filter(({ changed }) => isFresh(changed)));
      unchanged = quiet(look, fresh);
      const awaited = round < goneRounds && absent.some(({ path }) => isWithin(goneMs, known.get(path)));
      const restless = absent.length > 0 || fresh.size > 0 || isFresh(look.changed);
      if (!awaited && (!restless || round >= ROUNDS)) {
        const present = [...look.seen.values()].map((seen) =>
          fresh.has(seen) ? { path: seen.file.path, unsettled: true as const } : seen.file,
        );
        const still = absent.map(({ path }) => [path, known.get(path) ?? 0] as const);
        known = new Map([...present.map(({ path }) => [path, 0] as const), ...still]);
        return { files: [...present, ...absent].sort((a, b) => (a.path < b.path ? -1 : 1)) };
      }
      for (const path of look.seen.keys()) known.set(path, 0);
      await delay(debounceMs);
    }
  };
}

/** What was read of files that have been quiet since: they are not read again. */
function quiet({ seen }: Look, fresh: ReadonlySet<Seen>): Unchanged {
  return new Map([...seen].filter(([, each]) => each.stamp !== undefined && !fresh.has(each)));
}

async function lookAll(options: ListOptions, unchanged: Unchanged): Promise<Look> {
  const { path, suspects } = options;
  const suspected = suspects.take();
  try {
    await assertTrustedWay(path);
    const { paths, links, unread, changed } = await findManifests(path, options.isManifest, assertTrusted);
    const isQuiet = (each: string): boolean =>
      suspected !== 'all' && !suspected.has(each) && !links.has(each);
    const seen = new Map<string, Seen>(unread.map((each) => [each.path, { file: each, changed: 0 }]));
    const found = await mapAtOnce(paths, AT_ONCE, async (each) => {
      const before = unchanged.get(each);
      return before !== undefined && isQuiet(each) ? before : lookAt(each, options.maxBytes, before);
    });
    for (const each of found) if (each !== undefined) seen.set(each.file.path, each);
    return { seen, unread: unread.map((each) => each.path), changed };
  } catch (error) {
    suspects.addAll();
    throw unavailable(path, error);
  }
}

function unavailable(path: string, error: unknown): ReasonedError {
  if (error instanceof ReasonedError) return error;
  const errno = errnoOf(error);
  const why = errno === 'ENOENT' ? 'no such directory' : toError(error).message;
  return new ReasonedError('DirectoryUnavailable', `cannot read directory "${path}": ${why}`, {
    cause: error,
    hint: 'nothing is changed or deleted until it can be read',
  });
}

async function lookAt(path: string, maxBytes: number, before: Seen | undefined): Promise<Seen | undefined> {
  try {
    if (before !== undefined && before.stamp === stampOf(await stat(path))) return before;
    const check = (stats: Parameters<typeof assertTrusted>[1]): void => assertTrusted(path, stats);
    const found = await readManifest(path, { maxBytes, check });
    if (found === undefined) return undefined;
    const { text, stats, steady } = found;
    if (!steady) return { file: { path, text }, changed: undefined };
    return { file: { path, text }, changed: stats.ctimeMs, stamp: stampOf(stats) };
  } catch (error) {
    const changed = errnoOf(error) === 'ENOENT' ? await changeOfLink(path) : 0;
    return { file: { path, error: await ioError('read manifest', path, error) }, changed };
  }
}

function stampOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return [dev, ino, size, mtimeMs, ctimeMs].join(':');
}

/** When a link that leads nowhere was made; undefined for a file that is gone since the directory was read. */
async function changeOfLink(path: string): Promise<number | undefined> {
  return lstat(path).then(
    ({ ctimeMs }) => ctimeMs,
    () => undefined,
  );
}
