import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { watch } from 'chokidar';
import type { FSWatcher } from 'chokidar';

export interface WatchOptions {
  dirs: readonly string[];
  onChange: () => void;
  /** Several changes within this time are told once (ms). */
  debounceMs: number;
  /** How often to look whether a directory was made or replaced, which a watcher does not notice (ms). */
  recheckMs: number;
}

/** Watches directories and those in them, missing ones as soon as they are there. Hidden files are ignored. */
export function watchDirs(options: WatchOptions): { dispose(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined;
  function changed(): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      options.onChange();
    }, options.debounceMs);
  }
  const watched = options.dirs.map((dir) => watchOne(dir, options.recheckMs, changed));
  return {
    async dispose() {
      const closed = watched.map((one) => one.dispose());
      clearTimeout(timer);
      await Promise.all(closed);
    },
  };
}

function watchOne(dir: string, recheckMs: number, changed: () => void): { dispose(): Promise<void> } {
  let inode = inodeOf(dir);
  let watcher = open(dir, changed);
  const recheck = setInterval(() => {
    const now = inodeOf(dir);
    if (now === inode) return;
    inode = now;
    void watcher?.close();
    watcher = open(dir, changed);
    changed();
  }, recheckMs).unref();
  return {
    async dispose() {
      clearInterval(recheck);
      await watcher?.close();
    },
  };
}

function open(dir: string, changed: () => void): FSWatcher | undefined {
  if (inodeOf(dir) === undefined) return undefined;
  const watcher = watch(dir, {
    depth: 1,
    ignoreInitial: true,
    ignored: (path) => path !== dir && isHidden(path),
  });
  watcher.on('all', changed);
  watcher.on('error', changed); // not readable, or out of watches: what can be seen is looked at again
  return watcher;
}

function isHidden(path: string): boolean {
  return basename(path).startsWith('.');
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
