import { chmod, lstat, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { ioError, isMissing } from './io-errors.ts';
import { removeLeftovers } from './write-atomic.ts';

export { createExclusive, removeLeftovers, syncDir, writeAtomic } from './write-atomic.ts';
export type { WriteOptions } from './write-atomic.ts';

/** The text of a file, undefined when there is none. */
export async function readIfExists(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw await ioError('read file', path, error);
  }
}

/** The names in a directory, none when there is no such directory. */
export async function listIfExists(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (isMissing(error)) return [];
    throw await ioError('read directory', dir, error);
  }
}

/** Removes a file; false when there was none. */
export async function removeIfExists(path: string): Promise<boolean> {
  try {
    await rm(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw await ioError('remove file', path, error);
  }
}

/** Removes a file that writeAtomic or createExclusive wrote, and what a killed run left of it; false when there was none. */
export async function removeWritten(path: string): Promise<boolean> {
  try {
    await removeLeftovers(path);
  } catch (error) {
    throw await ioError('remove file', path, error);
  }
  return removeIfExists(path);
}

/**
 * Makes a directory and its parents where there is none; `mode` holds for the last one, whatever the umask. One that is
 * there may be anybody's, and stays as it is.
 */
export async function ensureDir(path: string, mode = 0o755): Promise<void> {
  try {
    const made = await mkdir(path, { recursive: true, mode });
    if (made !== undefined) await chmod(path, mode);
  } catch (error) {
    throw await ioError('make directory', path, error);
  }
}

/** Whether there is anything by that name, be it a link to nowhere. */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw await ioError('look at', path, error);
  }
}
