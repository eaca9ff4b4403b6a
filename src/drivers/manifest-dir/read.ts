import { constants } from 'node:fs';
import type { Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { ReasonedError } from '../../api/errors.ts';

export const MAX_MANIFEST_BYTES = 1024 * 1024;

export interface ManifestText {
  readonly text: string;
  readonly stats: Stats;
  /** Whether nothing was written to it while it was read. */
  readonly steady: boolean;
}

export interface ReadOptions {
  readonly maxBytes?: number;
  /** Called before anything is read; throws for a file that shall not be. */
  readonly check?: (stats: Stats) => void;
}

/**
 * The text of a manifest; undefined for what is no file, such as a FIFO.
 * @throws ReasonedError NotText, ManifestTooLarge; system errors
 */
export async function readManifest(
  path: string,
  options: ReadOptions = {},
): Promise<ManifestText | undefined> {
  const { maxBytes = MAX_MANIFEST_BYTES, check } = options;
  let handle: FileHandle | undefined;
  try {
    // Not to wait for the other end of a FIFO.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const before = await handle.stat();
    if (!before.isFile()) return undefined;
    check?.(before);
    if (before.size > maxBytes) throw tooLarge(path, maxBytes);
    const bytes = await readUpTo(handle, Math.min(before.size, maxBytes) + 1);
    const stats = await handle.stat();
    const steady = stats.size === bytes.length && stats.ctimeMs === before.ctimeMs;
    return { text: decodeManifest(path, bytes, maxBytes), stats, steady };
  } finally {
    await handle?.close();
  }
}

/** UTF-8, with or without a byte order mark. @throws ReasonedError NotText, ManifestTooLarge */
export function decodeManifest(path: string, bytes: Uint8Array, maxBytes = MAX_MANIFEST_BYTES): string {
  if (bytes.length > maxBytes) throw tooLarge(path, maxBytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new ReasonedError('NotText', `cannot read manifest "${path}": it is not UTF-8 text`, {
      cause: error,
    });
  }
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

function tooLarge(path: string, maxBytes: number): ReasonedError {
  const message = `cannot read manifest "${path}": more than ${maxBytes} bytes`;
  return new ReasonedError('ManifestTooLarge', message, { hint: 'split it into several files' });
}
