import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

export type HashAlgorithm = 'sha256' | 'sha512';
/** Hex digests by algorithm. */
export type Digests = Partial<Record<HashAlgorithm, string>>;

export interface BulkOptions {
  algorithms?: readonly HashAlgorithm[];
  /** Called with the bytes so far. */
  onBytes?: ((bytes: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface WriteSparseOptions extends BulkOptions {
  /** Called when more than `maxBytes` arrive; what it returns is thrown. */
  maxBytes: number;
  tooLarge: () => Error;
}

/** Bytes of one read; big enough for throughput, small enough to leave the event loop free between two. */
export const CHUNK = 1024 * 1024;
const HOLE = 64 * 1024;
const ZEROS = Buffer.alloc(HOLE);

/** Digests of a whole file. */
export async function hashFile(path: string, options: BulkOptions): Promise<Digests> {
  const { algorithms = ['sha256'], onBytes, signal } = options;
  const hashes = startHashes(algorithms);
  let bytes = 0;
  for await (const chunk of readChunks(path, signal)) {
    for (const hash of hashes.values()) hash.update(chunk);
    bytes += chunk.length;
    onBytes?.(bytes);
  }
  return digestsOf(hashes);
}

/** The content of a file in large pieces. */
export function readChunks(path: string, signal?: AbortSignal): AsyncIterable<Buffer> {
  return createReadStream(path, { highWaterMark: CHUNK, ...(signal === undefined ? {} : { signal }) });
}

/** Writes a new file, leaving runs of zeros as holes; its size and digests. The data are on disk when it returns. */
export async function writeSparse(
  chunks: AsyncIterable<Buffer>,
  path: string,
  options: WriteSparseOptions,
): Promise<{ size: number; digests: Digests }> {
  const hashes = startHashes(options.algorithms ?? ['sha256']);
  const file = await open(path, 'w', 0o600);
  try {
    let size = 0;
    for await (const chunk of chunks) {
      options.signal?.throwIfAborted();
      if (size + chunk.length > options.maxBytes) throw options.tooLarge();
      for (const hash of hashes.values()) hash.update(chunk);
      await writeData(file, chunk, size);
      size += chunk.length;
      options.onBytes?.(size);
    }
    await file.truncate(size);
    await file.sync();
    return { size, digests: digestsOf(hashes) };
  } finally {
    await file.close();
  }
}

async function writeData(file: FileHandle, chunk: Buffer, position: number): Promise<void> {
  let from = 0;
  for (let at = 0; at < chunk.length; at += HOLE) {
    const end = Math.min(at + HOLE, chunk.length);
    if (!chunk.subarray(at, end).equals(ZEROS.subarray(0, end - at))) continue;
    await writeAll(file, chunk.subarray(from, at), position + from);
    from = end;
  }
  await writeAll(file, chunk.subarray(from), position + from);
}

/** Writes all of it, however little one call takes. */
export async function writeAll(file: FileHandle, data: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < data.length) {
    written += (await file.write(data, written, data.length - written, position + written)).bytesWritten;
  }
}

function startHashes(algorithms: readonly HashAlgorithm[]): Map<HashAlgorithm, Hash> {
  return new Map(algorithms.map((algorithm) => [algorithm, createHash(algorithm)]));
}

function digestsOf(hashes: Map<HashAlgorithm, Hash>): Digests {
  return Object.fromEntries([...hashes].map(([algorithm, hash]) => [algorithm, hash.digest('hex')]));
}
