import { constants, copyFile, stat } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants as zlib, createGunzip, createZstdDecompress } from 'node:zlib';
import { ReasonedError } from '../../api/errors.ts';
import { errnoOf, freeSpace, ioError, noSpace } from '../io-errors.ts';
import { CHUNK, readChunks, writeSparse } from './bulk.ts';
import type { Digests, HashAlgorithm } from './bulk.ts';
import type { Packing } from './magic.ts';
import { corrupt, tooLarge, unpackXz, unpackZstd } from './programs.ts';
import type { UnpackOptions } from './programs.ts';

/** A window of 128 MiB, the most that zstd itself takes without being told to. */
const ZSTD_WINDOW_LOG = 27;
/** What Node makes of a second frame when it notices it. */
const MANY_FRAMES = ['ZSTD_error_prefix_unknown', 'ERR_STREAM_PREMATURE_CLOSE'];

/** Copies a file, sharing its blocks where the file system can; its digests. */
export async function copyPlain(
  source: string,
  target: string,
  options: UnpackOptions & { algorithms: readonly HashAlgorithm[] },
): Promise<Digests> {
  const { size, blocks } = await stat(source);
  if (await reflink(source, target)) return {};
  await needSpace(target, blocks * 512);
  const { digests } = await writeSparse(readChunks(source, options.signal), target, {
    ...options,
    onBytes: (bytes) => {
      options.onBytes(bytes, size);
    },
    tooLarge: () => tooLarge(source, options.maxBytes),
  });
  return digests;
}

/** Unpacks a file into a new one; its sha256. Reasons: CorruptImage, ImageTooLarge, NoSpace, CommandNotFound. */
export async function unpack(
  packing: Packing,
  source: string,
  target: string,
  options: UnpackOptions,
): Promise<string> {
  // More is needed, but how much more only the end tells.
  await needSpace(target, (await stat(source)).size);
  if (packing === 'xz') return unpackXz(source, target, options);
  if (packing === 'gzip') return inflate(createGunzip({ chunkSize: CHUNK }), source, target, options);
  return unzstd(source, target, options);
}

/** Node reads one frame, and may drop those after it without a word (its issue 64741); pzstd writes many. */
async function unzstd(source: string, target: string, options: UnpackOptions): Promise<string> {
  const { size } = await stat(source);
  const params = { [zlib.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG };
  const inflater = createZstdDecompress({ chunkSize: CHUNK, params });
  try {
    const sha256 = await inflate(inflater, source, target, options);
    if (inflater.bytesWritten === size) return sha256;
  } catch (error) {
    const cause = error instanceof ReasonedError ? error.cause : error;
    if (!MANY_FRAMES.includes(errnoOf(cause) ?? '')) throw error;
  }
  return unpackZstd(source, target, options);
}

async function inflate(
  inflater: Duplex,
  source: string,
  target: string,
  options: UnpackOptions,
): Promise<string> {
  const { size } = await stat(source);
  let digests: Digests = {};
  try {
    await pipeline(
      counted(readChunks(source), (bytes) => {
        options.onBytes(bytes, size);
      }),
      inflater,
      async (chunks: AsyncIterable<Buffer>) => {
        ({ digests } = await writeSparse(chunks, target, {
          maxBytes: options.maxBytes,
          tooLarge: () => tooLarge(source, options.maxBytes),
        }));
      },
      options.signal === undefined ? {} : { signal: options.signal },
    );
  } catch (error) {
    throw /^(Z_|ZSTD_)/.test(errnoOf(error) ?? '') ? corrupt(source, error) : error;
  }
  return digests.sha256 ?? '';
}

async function* counted(
  chunks: AsyncIterable<Buffer>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of chunks) {
    yield chunk;
    bytes += chunk.length;
    onBytes(bytes);
  }
}

async function needSpace(path: string, bytes: number): Promise<void> {
  const free = await freeSpace(path);
  if (free !== undefined && bytes > free) throw await noSpace('copy image to', path, { needed: bytes });
}

async function reflink(source: string, target: string): Promise<boolean> {
  try {
    await copyFile(source, target, constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (['ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'ENOTTY', 'EINVAL', 'ENOSYS', 'ETXTBSY'].includes(errno))
      return false;
    throw await ioError('copy image to', target, error);
  }
}
