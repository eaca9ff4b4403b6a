import type { Dirent, Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { toError } from '../../api/errors.ts';
import { isMissing } from '../io-errors.ts';

export interface Found {
  /** Sorted. */
  readonly paths: readonly string[];
  /** Those that are links: what they lead to changes without a word. */
  readonly links: ReadonlySet<string>;
  /** Folders that could not be read, with why. */
  readonly unread: readonly { readonly path: string; readonly error: Error }[];
  /** Milliseconds of the last change of any of the folders. */
  readonly changed: number;
}

/**
 * The files of these names in a directory and its folders. Names that begin with a dot are passed over, such as .git and
 * what a mounted ConfigMap is made of; links to folders are not followed.
 * @param check throws for a folder that shall not be read
 * @throws system errors, for the directory itself
 */
export async function findManifests(
  root: string,
  isManifest: (name: string) => boolean,
  check?: (folder: string, stats: Stats) => void,
): Promise<Found> {
  const paths: string[] = [];
  const links = new Set<string>();
  const unread: { path: string; error: Error }[] = [];
  let changed = 0;
  const open = [root];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    try {
      const stats = await stat(folder);
      check?.(folder, stats);
      changed = Math.max(changed, stats.ctimeMs);
      const entries = (await readdir(folder, { withFileTypes: true })).filter(isShown);
      for (const entry of entries.filter((each) => isFile(each, isManifest))) {
        const path = join(folder, entry.name);
        paths.push(path);
        if (entry.isSymbolicLink()) links.add(path);
      }
      open.push(...entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name)));
    } catch (error) {
      if (folder === root) throw error;
      if (!isMissing(error)) unread.push({ path: folder, error: toError(error) });
    }
  }
  return { paths: paths.sort(), links, unread, changed };
}

function isShown({ name }: Dirent): boolean {
  return !name.startsWith('.');
}

function isFile(entry: Dirent, isManifest: (name: string) => boolean): boolean {
  return !entry.isDirectory() && isManifest(entry.name);
}
