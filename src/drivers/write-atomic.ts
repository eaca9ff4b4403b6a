import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { chmod, chown, link, lstat, open, readdir, readlink, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ReasonedError } from '../api/errors.ts';
import { exec, ExecError } from './exec.ts';
import { errnoOf, ioError, isMissing } from './io-errors.ts';

export interface WriteOptions {
  /** Permission bits; those of the existing file, else 0644, when left out. */
  mode?: number | undefined;
  uid?: number | undefined;
  gid?: number | undefined;
  /**
   * What the content was made from: with anything else in the file, or a file where there was none, it is refused with
   * ChangedMeanwhile.
   */
  expected?: { readonly content: string | undefined } | undefined;
}

interface Existing {
  stats: Stats;
  content: Buffer;
}

interface Wanted {
  path: string;
  content: Buffer;
  mode: number;
  uid: number | undefined;
  gid: number | undefined;
}

const temporaries = new Set<string>();

/**
 * Writes a file whole or not at all; false when content, mode and owner were already so. Mode and owner of an
 * existing file stay where none is given. A symlink is followed. Where the file cannot be replaced (a bind mount,
 * a read-only directory, a label that cannot be copied) it is written in place.
 */
export async function writeAtomic(
  path: string,
  content: string | Buffer,
  options: WriteOptions = {},
): Promise<boolean> {
  try {
    const target = await followLinks(path);
    const existing = await readExisting(target);
    expectContent(path, existing, options.expected);
    const wanted = {
      path: target,
      content: Buffer.from(content),
      mode: options.mode ?? (existing === undefined ? 0o644 : existing.stats.mode & 0o7777),
      uid: options.uid ?? existing?.stats.uid,
      gid: options.gid ?? existing?.stats.gid,
    };
    if (existing === undefined || !existing.content.equals(wanted.content)) {
      const check = options.expected && (() => expectUnchanged(path, target, existing));
      await replace(wanted, existing !== undefined, check);
      return true;
    }
    return await setAttributes(wanted, existing.stats);
  } catch (error) {
    throw await ioError('write file', path, error);
  }
}

/** Writes a new file whole; false, and nothing changed, when there is one by that name. */
export async function createExclusive(
  path: string,
  content: string | Buffer,
  mode: number,
): Promise<boolean> {
  const temporary = temporaryFor(path);
  try {
    await removeLeftovers(path);
    await writeTemporary({
      path: temporary,
      content: Buffer.from(content),
      mode,
      uid: undefined,
      gid: undefined,
    });
    await link(temporary, path);
    await syncDir(dirname(path));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw await ioError('write file', path, error);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
    temporaries.delete(temporary);
  }
}

async function followLinks(path: string, depth = 0): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined || !found.isSymbolicLink() || depth > 10) return path;
  return followLinks(resolve(dirname(path), await readlink(path)), depth + 1);
}

async function readExisting(path: string): Promise<Existing | undefined> {
  try {
    const handle = await open(path, 'r');
    try {
      const stats = await handle.stat();
      if (!stats.isFile())
        throw new ReasonedError('IoError', `cannot write file "${path}": it is not a regular file`);
      return { stats, content: await handle.readFile() };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function setAttributes(wanted: Wanted, now: Stats): Promise<boolean> {
  const owner = wanted.uid !== undefined && wanted.gid !== undefined;
  const chownNeeded = owner && (now.uid !== wanted.uid || now.gid !== wanted.gid);
  const chmodNeeded = (now.mode & 0o7777) !== wanted.mode;
  if (chownNeeded) await chown(wanted.path, wanted.uid ?? -1, wanted.gid ?? -1);
  if (chmodNeeded || chownNeeded) await chmod(wanted.path, wanted.mode);
  return chownNeeded || chmodNeeded;
}

function expectContent(
  path: string,
  existing: Existing | undefined,
  expected: WriteOptions['expected'],
): void {
  if (expected === undefined) return;
  const wanted = expected.content === undefined ? undefined : Buffer.from(expected.content);
  const same = wanted === undefined ? existing === undefined : existing?.content.equals(wanted) === true;
  if (!same) throw changedMeanwhile(path);
}

/** Looked at once more right before it is replaced: writing the new one takes its time. */
async function expectUnchanged(path: string, target: string, existing: Existing | undefined): Promise<void> {
  const now = await readExisting(target);
  const same = now === undefined ? existing === undefined : existing?.content.equals(now.content) === true;
  if (!same) throw changedMeanwhile(path);
}

function changedMeanwhile(path: string): ReasonedError {
  const why = 'somebody else changed it since it was looked at';
  return new ReasonedError('ChangedMeanwhile', `cannot write file "${path}": ${why}`, {
    hint: 'it is looked at again, and what was added to it stays',
  });
}

async function replace(
  wanted: Wanted,
  exists: boolean,
  check: (() => Promise<void>) | undefined,
): Promise<void> {
  const dir = dirname(wanted.path);
  const temporary = temporaryFor(wanted.path);
  try {
    await removeLeftovers(wanted.path);
    await writeTemporary({ ...wanted, path: temporary });
    if (exists) await copyLabel(wanted.path, temporary);
    await check?.();
    await rename(temporary, wanted.path);
    await syncDir(dir);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    if (!exists || !cannotReplace(error)) throw error;
    await writeInPlace(wanted);
  } finally {
    temporaries.delete(temporary);
  }
}

/** Whether the directory entry, rather than the file's content, is what refuses to change. */
function cannotReplace(error: unknown): boolean {
  return error instanceof ExecError || ['EBUSY', 'EROFS', 'EACCES', 'EPERM'].includes(errnoOf(error) ?? '');
}

/** Under SELinux a new file gets its directory's label, which is not that of /etc/hosts. */
async function copyLabel(from: string, to: string): Promise<void> {
  if (!existsSync('/sys/fs/selinux/enforce')) return;
  await exec(['chcon', `--reference=${from}`, '--', to], { deadlineMs: 10_000 });
}

/** A name nobody else uses, which stays safe from removeLeftovers until it is taken from `temporaries`. */
function temporaryFor(path: string): string {
  const temporary = join(dirname(path), `${temporaryPrefix(path)}${randomBytes(6).toString('hex')}`);
  temporaries.add(temporary);
  return temporary;
}

function temporaryPrefix(path: string): string {
  return `.${basename(path)}.k8slab-tmp-`;
}

/** Removes what a run that was killed in the middle of writing the file left beside it. */
export async function removeLeftovers(path: string): Promise<void> {
  const prefix = temporaryPrefix(path);
  for (const name of await namesBeside(path)) {
    const leftover = join(dirname(path), name);
    if (name.startsWith(prefix) && !temporaries.has(leftover)) await rm(leftover, { force: true });
  }
}

async function namesBeside(path: string): Promise<string[]> {
  try {
    return await readdir(dirname(path));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function writeTemporary(wanted: Wanted): Promise<void> {
  const handle = await open(wanted.path, 'wx', 0o600);
  try {
    await handle.writeFile(wanted.content);
    if (wanted.uid !== undefined || wanted.gid !== undefined)
      await handle.chown(wanted.uid ?? -1, wanted.gid ?? -1);
    await handle.chmod(wanted.mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The old content is overwritten before the rest is cut off, so that a reader never finds the file empty. */
async function writeInPlace(wanted: Wanted): Promise<void> {
  const handle = await open(wanted.path, 'r+');
  try {
    let written = 0;
    while (written < wanted.content.length) {
      written += (await handle.write(wanted.content, written, undefined, written)).bytesWritten;
    }
    await handle.truncate(wanted.content.length);
    await setAttributes(wanted, await handle.stat());
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the entries of a directory (a rename, a new file) survive a power cut. */
export async function syncDir(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
