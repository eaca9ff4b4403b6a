import { statSync, watch } from 'node:fs';
import { basename } from 'node:path';
import type { FSWatcher } from 'node:fs';

/** Directories watched by name; one watch each, however many files are in it. */
export interface DirWatches {
  /** Whether all of them are there and watched. */
  readonly complete: () => boolean;
  /** Which directories there are to watch may have changed. */
  readonly refresh: () => void;
  readonly dispose: () => void;
}

export interface WatchDirsOptions {
  /** Asked again with each recheck. */
  readonly dirs: () => readonly string[];
  /** A file of that name came, went or changed; undefined: anything in there may have. */
  readonly onChange: (dir: string, name: string | undefined) => void;
  /** How often to look whether a directory was made or replaced, which a watch does not notice (ms). */
  readonly recheckMs: number;
  /** For the tests. Default: node:fs's own. */
  readonly watch?: typeof watch;
}

interface Watched {
  inode: number | undefined;
  watcher: FSWatcher | undefined;
}

/** Watches the files right in the directories, missing ones as soon as they are there. Hidden files are ignored. */
export function watchDirs({ dirs, onChange, recheckMs, watch: start = watch }: WatchDirsOptions): DirWatches {
  const watched = new Map<string, Watched>(dirs().map((dir) => [dir, open(dir)]));
  const recheck = setInterval(refresh, recheckMs).unref();

  function refresh(): void {
    const wanted = new Set(dirs());
    for (const dir of wanted)
      if (!watched.has(dir)) watched.set(dir, { inode: undefined, watcher: undefined });
    for (const [dir, { inode, watcher }] of watched) {
      const same = wanted.has(dir) && inodeOf(dir) === inode;
      if (same && (inode === undefined || watcher !== undefined)) continue;
      watcher?.close();
      const next = wanted.has(dir) ? open(dir) : undefined;
      if (next === undefined) watched.delete(dir);
      else watched.set(dir, next);
      // Where it cannot be watched still, nothing new is known of it.
      if (!same || next?.watcher !== undefined) onChange(dir, undefined);
    }
  }

  function open(dir: string): Watched {
    const inode = inodeOf(dir);
    return { inode, watcher: inode === undefined ? undefined : listen(dir) };
  }
  function listen(dir: string): FSWatcher | undefined {
    try {
      const watcher = start(dir, { persistent: false }, (_event, name) => {
        // As the directory itself is told of when it is removed; one made anew may get its inode.
        if (name === basename(dir)) failed(dir);
        if (name === null) onChange(dir, undefined);
        else if (!name.startsWith('.')) onChange(dir, name);
      });
      watcher.on('error', () => failed(dir));
      return watcher;
    } catch {
      // Not readable, or out of watches: the next recheck tries again.
      return undefined;
    }
  }
  function failed(dir: string): void {
    watched.get(dir)?.watcher?.close();
    watched.set(dir, { inode: undefined, watcher: undefined });
  }
  return {
    refresh,
    complete: () => [...watched.values()].every(({ watcher }) => watcher !== undefined),
    dispose() {
      clearInterval(recheck);
      for (const { watcher } of watched.values()) watcher?.close();
    },
  };
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.ino;
  } catch {
    return undefined;
  }
}
