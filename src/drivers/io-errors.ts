import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ReasonedError, toError } from '../api/errors.ts';

/** The errno of a system error such as ENOENT, undefined for other errors. */
export function errnoOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** Whether the error says that a file, or a directory on the way to it, is not there. */
export function isMissing(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === 'ENOENT' || errno === 'ENOTDIR';
}

/** Bytes that can still be written where `path` is or will be; undefined when that is unknown. */
export async function freeSpace(path: string): Promise<number | undefined> {
  return (await diskSpace(path))?.free;
}

/** The same, and the size of the file system, in bytes. */
export async function diskSpace(path: string): Promise<{ free: number; size: number } | undefined> {
  try {
    const { bavail, blocks, bsize } = await statfs(path);
    return { free: bavail * bsize, size: blocks * bsize };
  } catch (error) {
    return isMissing(error) && dirname(path) !== path ? diskSpace(dirname(path)) : undefined;
  }
}

/** Bytes for people, such as `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const value = bytes / 1024 ** power;
  return `${value.toFixed(power === 0 || value >= 100 ? 0 : 1)} ${units[power] ?? ''}`;
}

/**
 * What a user can do about a failed file operation: NoSpace, PermissionDenied, ReadOnlyFileSystem, Aborted or
 * IoError, as `cannot <what> "<path>": why`. Errors that are not the system's come back as they are.
 */
export async function ioError(what: string, path: string, error: unknown): Promise<Error> {
  const errno = errnoOf(error);
  if (error instanceof ReasonedError || (errno === undefined && !isAbort(error))) return toError(error);
  if (errno === 'ENOSPC' || errno === 'EDQUOT') return noSpace(what, path, { cause: error });
  const { reason, why, hint } = classify(error, errno);
  const options = hint === undefined ? { cause: error } : { cause: error, hint };
  return new ReasonedError(reason, `cannot ${what} "${path}": ${why}`, options);
}

function classify(error: unknown, errno: string | undefined): { reason: string; why: string; hint?: string } {
  if (isAbort(error)) return { reason: 'Aborted', why: 'given up before it was done' };
  switch (errno) {
    case 'EACCES':
    case 'EPERM':
      return {
        reason: 'PermissionDenied',
        why: 'permission denied',
        hint: 'check owner and mode, and what SELinux or AppArmor say',
      };
    case 'EROFS':
      return {
        reason: 'ReadOnlyFileSystem',
        why: 'the file system is read-only',
        hint: 'under systemd the unit needs ReadWritePaths= for it',
      };
    default:
      return { reason: 'IoError', why: toError(error).message };
  }
}

/** A NoSpace error that says how much space is left, and how much is needed where that is known. */
export async function noSpace(
  what: string,
  path: string,
  details: { needed?: number; cause?: unknown } = {},
): Promise<ReasonedError> {
  const free = await freeSpace(path);
  const left = free === undefined ? '' : `${formatBytes(free)} free`;
  const needed = details.needed === undefined ? '' : `${formatBytes(details.needed)} needed`;
  const numbers = [needed, left].filter((part) => part !== '').join(', ');
  return new ReasonedError('NoSpace', `cannot ${what} "${path}": no space left on its file system`, {
    cause: details.cause,
    hint: `${numbers === '' ? '' : `${numbers}; `}make room or use another directory`,
  });
}

/** Whether the error is that of an aborted AbortSignal. */
export function isAbort(error: unknown): boolean {
  return (
    (error instanceof Error && error.name === 'AbortError') ||
    (error instanceof ReasonedError && error.reason === 'Aborted')
  );
}
