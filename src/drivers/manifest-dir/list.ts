import { constants } from 'node:fs';
import { lstat, open, readdir, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { ReasonedError, toError } from '../../api/errors.ts';
import { errnoOf, ioError } from '../io-errors.ts';

export interface ManifestFile {
  path: string;
  text: string;
}

/** A file that could not be read; its last good content stays in force. */
export interface UnreadableFile {
  path: string;
  error: Error;
}

export interface ManifestListing {
  /** Sorted by path. */
  files: (ManifestFile | UnreadableFile)[];
}

export interface ListOptions {
  path: string;
  isManifest: (name: string) => boolean;
  debounceMs: number;
  /** Bytes of one file at most. */
  maxBytes: number;
  now: () => number;
  delay: (ms: number) => Promise<void>;
}

interface Reading extends ManifestListing {
  /** Milliseconds of the last change of the directory or a file; undefined when something changed meanwhile. */
  changed: number | undefined;
}

const ROUNDS = 10;

/**
 * Reads all manifests. Editors replace a file by deleting it first, or empty it before they write: a listing that
 * falls into such a gap would be an order to delete, so that nothing counts before it has been quiet for a while.
 */
export async function listManifests(options: ListOptions): Promise<ManifestListing> {
  const { debounceMs, now, delay } = options;
  for (let round = 1; ; round++) {
    const { files, changed } = await readAll(options);
    // A time to come is no recent change but a wrong clock.
    const age = changed === undefined ? 0 : now() - changed;
    if (age < 0 || age >= debounceMs || round > ROUNDS) return { files };
    await delay(debounceMs - age);
  }
}

async function readAll(options: ListOptions): Promise<Reading> {
  const { path, isManifest } = options;
  const before = await stampOf(path);
  const names = await namesIn(path);
  const files: (ManifestFile | UnreadableFile)[] = [];
  const stamps: (number | undefined)[] = [before];
  for (const name of names.filter(isManifest).sort()) {
    const { file, changed } = await readOne(join(path, name), options.maxBytes);
    if (file !== undefined) files.push(file);
    stamps.push(changed);
  }
  if ((await stampOf(path)) !== before) stamps.push(undefined);
  return { files, changed: stamps.reduce(newest, 0) };
}

function newest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : Math.max(a, b);
}

async function namesIn(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    throw unavailable(path, error);
  }
}

async function stampOf(path: string): Promise<number> {
  try {
    return (await stat(path)).ctimeMs;
  } catch (error) {
    throw unavailable(path, error);
  }
}

function unavailable(path: string, error: unknown): ReasonedError {
  const errno = errnoOf(error);
  const why = errno === 'ENOENT' ? 'no such directory' : toError(error).message;
  return new ReasonedError('DirectoryUnavailable', `cannot read directory "${path}": ${why}`, {
    cause: error,
    hint: 'nothing is changed or deleted until it can be read',
  });
}

async function readOne(
  path: string,
  maxBytes: number,
): Promise<{ file: ManifestFile | UnreadableFile | undefined; changed: number | undefined }> {
  let handle: FileHandle | undefined;
  try {
    // Not to wait for the other end of a FIFO.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const before = await handle.stat();
    if (!before.isFile()) return { file: undefined, changed: 0 };
    if (before.size > maxBytes) throw tooLarge(path, maxBytes);
    const bytes = await readUpTo(handle, Math.min(before.size, maxBytes) + 1);
    const after = await handle.stat();
    const steady = after.size === bytes.length && after.ctimeMs === before.ctimeMs;
    return { file: { path, text: decode(path, bytes) }, changed: steady ? after.ctimeMs : undefined };
  } catch (error) {
    const changed = errnoOf(error) === 'ENOENT' ? await changeOfLink(path) : 0;
    return { file: { path, error: await ioError('read manifest', path, error) }, changed };
  } finally {
    await handle?.close();
  }
}

/** When a link that leads nowhere was made; undefined for a file that is gone since the directory was read. */
async function changeOfLink(path: string): Promise<number | undefined> {
  return lstat(path).then(
    ({ ctimeMs }) => ctimeMs,
    () => undefined,
  );
}

async function readUpTo(handle: FileHandle, maxBytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(maxBytes);
  let length = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
    length += bytesRead;
    if (bytesRead === 0 || length === buffer.length) return buffer.subarray(0, length);
  }
}

function decode(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new ReasonedError('NotText', `cannot read manifest "${path}": it is not UTF-8 text`, {
      cause: error,
    });
  }
}

function tooLarge(path: string, maxBytes: number): ReasonedError {
  return new ReasonedError(
    'ManifestTooLarge',
    `cannot read manifest "${path}": more than ${maxBytes} bytes`,
    {
      hint: 'split it into several files',
    },
  );
}
