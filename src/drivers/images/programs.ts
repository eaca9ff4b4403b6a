import { stat, symlink } from 'node:fs/promises';
import { ReasonedError } from '../../api/errors.ts';
import { installHint } from '../../api/programs.ts';
import { ExecError } from '../exec.ts';
import type { Exec } from '../exec.ts';
import { removeIfExists } from '../files.ts';
import { noSpace } from '../io-errors.ts';
import { hashFile } from './bulk.ts';

export interface UnpackOptions {
  exec: Exec;
  maxBytes: number;
  onBytes: (bytes: number, total?: number) => void;
  signal?: AbortSignal | undefined;
}

const LIST_DEADLINE_MS = 60_000;
const UNPACK_DEADLINE_MS = 6 * 3600_000;
const POLL_MS = 500;
const XZ_MEMORY = '2GiB';

/** Unpacks with xz, which writes beside its input, so that it gets a link of its own to it. */
export async function unpackXz(source: string, target: string, options: UnpackOptions): Promise<string> {
  const link = `${target}.xz`;
  await removeIfExists(link);
  await symlink(source, link);
  try {
    const total = await unpackedSize(link, options);
    if (total > options.maxBytes) throw tooLarge(source, options.maxBytes);
    // --force because the input is a link.
    const argv = [
      'xz',
      '--decompress',
      '--keep',
      '--force',
      '--quiet',
      `--memlimit-decompress=${XZ_MEMORY}`,
      '--',
      link,
    ];
    return await runUnpacker(argv, source, target, {
      ...options,
      onBytes: (bytes) => {
        options.onBytes(bytes, total);
      },
    });
  } catch (error) {
    throw await unpackFailure(error, source, target, options.maxBytes);
  } finally {
    await removeIfExists(link);
  }
}

/** Unpacks with zstd, which takes files of many frames. */
export function unpackZstd(source: string, target: string, options: UnpackOptions): Promise<string> {
  const argv = ['zstd', '--decompress', '--force', '--quiet', '-o', target, '--', source];
  return runUnpacker(argv, source, target, options);
}

/** Runs a program that writes `target`, holes and all, under a limit of its size. */
async function runUnpacker(
  argv: readonly string[],
  source: string,
  target: string,
  { exec, maxBytes, onBytes, signal }: UnpackOptions,
): Promise<string> {
  await removeIfExists(target);
  const stopWatching = watchSize(target, onBytes);
  try {
    await exec(['prlimit', `--fsize=${maxBytes}`, ...argv], {
      deadlineMs: UNPACK_DEADLINE_MS,
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    throw await unpackFailure(error, source, target, maxBytes);
  } finally {
    stopWatching();
  }
  return (await hashFile(target, { signal })).sha256 ?? '';
}

async function unpackedSize(path: string, { exec }: UnpackOptions): Promise<number> {
  const { stdout } = await exec(['xz', '--robot', '--list', '--', path], { deadlineMs: LIST_DEADLINE_MS });
  const totals = stdout.split('\n').find((line) => line.startsWith('totals\t')) ?? '';
  return Number(totals.split('\t')[4]);
}

async function unpackFailure(
  error: unknown,
  source: string,
  target: string,
  maxBytes: number,
): Promise<unknown> {
  if (!(error instanceof ExecError) || error.reason !== 'CommandFailed') return error;
  if (/No space left|Disk quota/.test(error.stderr))
    return noSpace('unpack image to', target, { cause: error });
  const missing = /failed to execute (\w+): No such file/.exec(error.stderr)?.[1];
  if (missing !== undefined) {
    return new ReasonedError(
      'CommandNotFound',
      `cannot unpack image "${source}": there is no command ${missing}`,
      { cause: error, hint: installHint(missing) },
    );
  }
  if (error.signal === 'SIGXFSZ' || error.stderr.includes('File too large'))
    return tooLarge(source, maxBytes);
  return corrupt(source, error);
}

/** Reports a growing file's size until the function returned is called. */
export function watchSize(path: string, onBytes: (bytes: number) => void): () => void {
  const timer = setInterval(() => {
    stat(path)
      .then(({ size }) => onBytes(size))
      .catch(() => undefined);
  }, POLL_MS);
  return () => {
    clearInterval(timer);
  };
}

export function tooLarge(source: string, maxBytes: number): ReasonedError {
  return new ReasonedError(
    'ImageTooLarge',
    `cannot unpack image "${source}": it holds more than ${maxBytes} bytes`,
    {
      hint: 'see what the source really holds',
    },
  );
}

export function corrupt(source: string, cause: unknown): ReasonedError {
  return new ReasonedError('CorruptImage', `cannot unpack image "${source}": it is damaged or cut short`, {
    cause,
    hint: 'get the source anew',
  });
}
