import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { watch } from 'chokidar';
import type { FSWatcher } from 'chokidar';
import type { Suspects } from './suspects.ts';

/** Why there is a hint: something was seen, the watcher was set up anew, or time has passed. */
export type HintCause = 'changed' | 'rearmed' | 'relist';

export interface WatchOptions {
  path: string;
  isManifest: (name: string) => boolean;
  debounceMs: number;
  relistMs: number;
  /** Is told of the files that change. */
  suspects: Pick<Suspects, 'add' | 'addAll' | 'follow'>;
  onHint: (cause: HintCause) => void;
}

/** All files are looked at at every so many relists, also where each change is told. */
const RELISTS = 3;
/** The link that a mounted ConfigMap or Secret swaps. */
const SWAPPED_LINK = '..data';

/**
 * Watches a directory. chokidar goes deaf, without a word, when the directory is removed, replaced or a link to it
 * turned elsewhere, so that every hint begins with a look whether it is still the one being watched.
 */
export function watchDir(options: WatchOptions): { dispose(): Promise<void> } {
  const { path, debounceMs, relistMs, suspects, onHint } = options;
  const disposed = new AbortController();
  let watcher: FSWatcher | undefined;
  let watched: string | undefined;
  let debounce: NodeJS.Timeout | undefined;
  let burst: number | undefined;
  let checking: Promise<void> | undefined;
  let following = false;
  let relists = 0;

  function follow(told: boolean): void {
    following = told;
    suspects.follow(told);
  }

  function hint(cause: HintCause): void {
    if (disposed.signal.aborted) return;
    onHint(cause);
    check();
  }

  function check(): void {
    checking ??= rearmIfOther().finally(() => (checking = undefined));
  }

  async function rearmIfOther(): Promise<void> {
    const identity = await identityOf(path);
    if (identity === watched) return;
    follow(false);
    await watcher?.close();
    if (disposed.signal.aborted) return;
    watched = identity;
    watcher = arm();
  }

  /** One hint for a burst of changes, and within twice the time where they do not end. */
  function soon(): void {
    const now = performance.now();
    burst ??= now;
    clearTimeout(debounce);
    debounce = setTimeout(
      () => {
        burst = undefined;
        hint('changed');
      },
      Math.min(debounceMs, Math.max(0, burst + 2 * debounceMs - now)),
    );
  }

  function arm(): FSWatcher {
    const armed = watch(path, {
      ignoreInitial: true,
      ignored: (file, stats) => isIgnored(file, stats, options),
    });
    let deaf = false;
    function lose(): void {
      deaf = true;
      watched = undefined;
      follow(false);
    }
    armed.on('all', (event, file) => {
      // Whatever appears at this path now, it is not what was watched.
      if (file === path && (event === 'unlinkDir' || event === 'addDir')) lose();
      // Where files come, go or are renamed, the names that are told are not all that changed.
      if (event === 'change') suspects.add(file);
      else suspects.addAll();
      soon();
    });
    // The next relist tries again; at once might fail at once.
    armed.on('error', lose);
    armed.once('ready', () => {
      if (!deaf) follow(true);
      hint('rearmed');
    });
    return armed;
  }

  const relist = setInterval(() => {
    relists += 1;
    if (following && relists % RELISTS !== 0) check();
    else {
      suspects.addAll();
      hint('relist');
    }
  }, relistMs);
  check();
  return {
    dispose: async () => {
      disposed.abort();
      clearInterval(relist);
      await checking;
      await watcher?.close();
      clearTimeout(debounce);
    },
  };
}

/** Folders are watched too, whatever their name, unless it begins with a dot. */
function isIgnored(file: string, stats: Stats | undefined, { path, isManifest }: WatchOptions): boolean {
  const name = basename(file);
  if (file === path || name === SWAPPED_LINK) return false;
  return name.startsWith('.') || (stats?.isFile() === true && !isManifest(name));
}

/** Which directory is at the path; inode numbers are used again, times of birth are not. */
async function identityOf(path: string): Promise<string> {
  try {
    const { dev, ino, birthtimeNs } = await stat(path, { bigint: true });
    return `${dev}:${ino}:${birthtimeNs}`;
  } catch {
    return 'missing';
  }
}
