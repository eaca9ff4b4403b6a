import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { basename, join } from 'node:path';

import { withLock } from './lock.ts';

/** How an artefact is made. */
export interface Recipe {
  /** What it is called in messages and file names. */
  readonly name: string;
  /** Everything the result depends on: words and the contents of files and directories. */
  readonly ingredients: readonly string[];
  /** Makes it at `path` (which does not exist yet); `work` is an empty directory that goes away afterwards. */
  readonly build: (path: string, work: string) => Promise<void>;
}

export interface CacheOptions {
  readonly directory: string;
  readonly report: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Twelve hex digits that change when any ingredient does. */
export function recipeKey(ingredients: readonly string[]): string {
  const hash = createHash('sha256');
  for (const ingredient of ingredients) hash.update(`${Buffer.byteLength(ingredient)}:`).update(ingredient);
  return hash.digest('hex').slice(0, 12);
}

/** A file or a directory tree as one ingredient: names, executable bits and contents, in a fixed order. */
export function ingredient(path: string): string {
  const stat = statSync(path);
  if (!stat.isDirectory())
    return `${(stat.mode & 0o111) === 0 ? 'file' : 'program'}\n${readFileSync(path, 'utf8')}`;
  return readdirSync(path)
    .toSorted()
    .map((name) => `${name}\n${ingredient(join(path, name))}`)
    .join('\n');
}

/**
 * The path of the artefact, built first if it lacks. Two runs that want the same one build it once; what a killed run left
 * half made is thrown away. Building a new version removes those of the same name that nobody used for three days.
 */
export async function cached(recipe: Recipe, options: CacheOptions): Promise<string> {
  const path = join(options.directory, `${recipe.name}-${recipeKey(recipe.ingredients)}`);
  if (existsSync(path)) return used(path);
  mkdirSync(options.directory, { recursive: true });
  function onWait(): void {
    options.report(`waiting for another run that builds the ${recipe.name}`);
  }
  return withLock(
    `${path}.lock`,
    async () => {
      if (existsSync(path)) return used(path);
      options.report(`building the ${recipe.name}`);
      const scratch = `${path}.tmp`;
      rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
      mkdirSync(join(scratch, 'work'), { recursive: true });
      try {
        await recipe.build(join(scratch, 'whole'), join(scratch, 'work'));
        renameSync(join(scratch, 'whole'), path);
      } finally {
        rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
      }
      for (const old of staleVersions(readdirWithTimes(options.directory), basename(path), Date.now())) {
        if (!isMounted(join(options.directory, old)))
          rmSync(join(options.directory, old), { recursive: true });
      }
      return path;
    },
    { onWait, signal: options.signal },
  );
}

const staleAfterMs = 3 * 24 * 3600 * 1000;

/** Of a cache's entries, the versions of `current` ("NAME-KEY") other than it that nobody used for three days. */
export function staleVersions(entries: readonly CacheEntry[], current: string, nowMs: number): string[] {
  const prefix = current.slice(0, -12);
  return entries
    .filter(
      ({ name }) =>
        name !== current && name.startsWith(prefix) && /^[0-9a-f]{12}$/.test(name.slice(prefix.length)),
    )
    .filter(({ usedMs }) => nowMs - usedMs > staleAfterMs)
    .map(({ name }) => name);
}

export interface CacheEntry {
  readonly name: string;
  /** When it was last used, in ms. */
  readonly usedMs: number;
}

function readdirWithTimes(directory: string): CacheEntry[] {
  return readdirSync(directory).map((name) => ({ name, usedMs: statSync(join(directory, name)).mtimeMs }));
}

function used(path: string): string {
  utimesSync(path, new Date(), new Date());
  return path;
}

/** Whether a lab stands on it: labs mount trees and images in mount namespaces of their own, so each process is asked. */
function isMounted(path: string): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(path);
    } catch {
      return false;
    }
  });
}
