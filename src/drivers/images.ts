import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ReasonedError } from '../api/errors.ts';
import { exec as runCommand } from './exec.ts';
import type { Exec } from './exec.ts';
import { ensureDir } from './files.ts';
import { acquire } from './images/acquire.ts';
import type { Job } from './images/acquire.ts';
import { findImage, keep } from './images/keep.ts';
import { forgetPart } from './images/part.ts';
import { findLeftovers, removeImage } from './images/remove.ts';
import type { FetchOptions, ImageRequest, ImageStore, StoredImage } from './images/types.ts';
import { ioError } from './io-errors.ts';

export { redactUrl } from './images/download.ts';
export type * from './images/types.ts';

export interface ImageStoreOptions {
  dir: string;
  exec?: Exec;
  /** Bytes of an image at most, unpacked; default 1 TiB. */
  maxBytes?: number;
  /** Milliseconds without a byte until a download is tried again. */
  stallMs?: number;
  /** Tries of a download after the first one. */
  retries?: number;
  /** Milliseconds before the second try of a download; doubled every time. */
  retryMs?: number;
}

/** After these the bytes at hand are of no use, and fetching goes on from nothing. */
const UNUSABLE = ['ChecksumMismatch', 'NotAnImage', 'CorruptImage', 'UnsafeImage', 'ImageTooLarge'];

/** Makes a store of images in a directory, which is made when it is needed. */
export function createImageStore(store: ImageStoreOptions): ImageStore {
  const {
    dir,
    exec = runCommand,
    maxBytes = 2 ** 40,
    stallMs = 60_000,
    retries = 5,
    retryMs = 1_000,
  } = store;
  const limits = { maxBytes, stallMs, retries, retryMs };
  const running = new Map<string, Promise<unknown>>();

  function fetchImage(request: ImageRequest, options: FetchOptions = {}): Promise<StoredImage> {
    const part = join(dir, `.${request.name}.part`);
    const temporary = join(dir, `.tmp-${request.name}`);
    return runJob(dir, { request, options, part, temporary, exec, limits });
  }

  return {
    find: (name) => findImage(dir, name),
    leftovers: (name) => findLeftovers(dir, name),
    remove: (name, what) => removeImage(dir, name, what),
    // One at a time for each name: they share their working files.
    fetch: (request, options) => {
      const before = running.get(request.name) ?? Promise.resolve();
      const after = before.catch(() => undefined).then(() => fetchImage(request, options));
      running.set(request.name, after);
      return after.finally(() => {
        if (running.get(request.name) === after) running.delete(request.name);
      });
    },
  };
}

async function runJob(dir: string, job: Job): Promise<StoredImage> {
  const { request, options, part, temporary } = job;
  try {
    options.signal?.throwIfAborted();
    await ensureDir(dir);
    await rm(temporary, { force: true });
    return await keep(dir, job, await acquire(job));
  } catch (error) {
    if (options.signal?.aborted === true) {
      throw new ReasonedError(
        'Aborted',
        `cannot fetch image "${request.name}": given up before it was done`,
        {
          cause: error,
        },
      );
    }
    if (error instanceof ReasonedError && UNUSABLE.includes(error.reason)) await forgetPart(part);
    throw await ioError('fetch image', request.name, error);
  } finally {
    await rm(temporary, { force: true });
  }
}
