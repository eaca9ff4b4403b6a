import { constants } from 'node:fs';
import { access, rename } from 'node:fs/promises';
import { ReasonedError } from '../../api/errors.ts';
import type { Exec } from '../exec.ts';
import { removeIfExists } from '../files.ts';
import { watchSize } from '../images/programs.ts';
import { freeSpace, ioError, isMissing, noSpace } from '../io-errors.ts';
import { qemuChainSize, qemuImageInfo, runQemuImg, type QemuImageInfo } from '../qemu-img.ts';
import type { AdoptRequest, CopyRequest, DiskInfo, OverlayRequest } from './types.ts';

export interface Workplace {
  exec: Exec;
  /** Where the disk is made. */
  temporary: string;
}

const CREATE_DEADLINE_MS = 60_000;
const COPY_DEADLINE_MS = 6 * 3600_000;

/** Removes the temporary file when the work that fills it fails. */
export async function orDiscard({ temporary }: Workplace, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    await removeIfExists(temporary);
    throw error;
  }
}

/** Fills the temporary file with an overlay. */
export async function makeOverlay(
  { exec, temporary }: Workplace,
  { backing, size }: OverlayRequest,
): Promise<void> {
  await expectSource(backing.path, 'ImageMissing');
  expectSize(await info(exec, backing.path, backing.format), size, backing.path);
  await removeIfExists(temporary);
  const args = ['create', '-q', '-f', 'qcow2', '-F', backing.format, '-b', backing.path, '--', temporary];
  await runQemuImg(exec, size === undefined ? args : [...args, String(size)], {
    verb: 'make disk',
    path: temporary,
    deadlineMs: CREATE_DEADLINE_MS,
  });
}

/** Fills the temporary file with a copy. */
export async function makeCopy({ exec, temporary }: Workplace, request: CopyRequest): Promise<void> {
  const { source, size, onProgress, signal } = request;
  await expectSource(source.path, 'DiskMissing');
  const from = await info(exec, source.path, source.format);
  expectSize(from, size, source.path);
  // A copy is never much larger than all that it is copied from.
  const total = await qemuChainSize(exec, source.path, source.format);
  const free = await freeSpace(temporary);
  if (free !== undefined && from.actualSize > free) {
    throw await noSpace('copy disk to', temporary, { needed: from.actualSize });
  }
  await removeIfExists(temporary);
  const stopWatching = watchSize(temporary, (bytes) =>
    onProgress?.({ bytes: Math.min(bytes, total), total }),
  );
  try {
    const args = ['convert', '-f', source.format, '-O', 'qcow2', '--', source.path, temporary];
    await runQemuImg(exec, args, {
      verb: 'copy disk',
      path: source.path,
      deadlineMs: COPY_DEADLINE_MS,
      signal,
    });
  } finally {
    stopWatching();
  }
  await grow(exec, temporary, from, size);
}

/** Makes a copy that somebody else made the temporary file. */
export async function takeCopy(at: Workplace, request: AdoptRequest): Promise<void> {
  const { exec, temporary } = at;
  await expectSource(request.tempPath, 'DiskMissing');
  const found = await info(exec, request.tempPath, 'qcow2');
  expectSize(found, request.size, request.tempPath);
  await grow(exec, request.tempPath, found, request.size);
  if (request.tempPath !== temporary) await rename(request.tempPath, temporary);
}

/** Makes a qcow2 disk larger, where it is smaller. */
export async function grow(
  exec: Exec,
  path: string,
  from: DiskInfo,
  size: number | undefined,
): Promise<void> {
  if (size === undefined || size <= from.virtualSize) return;
  const args = ['resize', '-q', '-f', 'qcow2', '--', path, String(size)];
  await runQemuImg(exec, args, { verb: 'grow disk', path, deadlineMs: CREATE_DEADLINE_MS });
}

async function expectSource(path: string, reason: 'ImageMissing' | 'DiskMissing'): Promise<void> {
  try {
    await access(path, constants.R_OK);
  } catch (error) {
    if (!isMissing(error)) throw await ioError('read disk', path, error);
    throw new ReasonedError(reason, `cannot read disk "${path}": no such file`, { cause: error });
  }
}

function expectSize({ virtualSize }: DiskInfo, size: number | undefined, path: string): void {
  if (size === undefined || size >= virtualSize) return;
  const message = `cannot make disk of ${size} bytes: "${path}" has ${virtualSize}`;
  throw new ReasonedError('DiskTooSmall', message, {
    hint: `ask for at least ${virtualSize} bytes or leave the size out`,
  });
}

/** What qemu-img says of a disk. */
export async function info(exec: Exec, path: string, format?: string): Promise<DiskInfo> {
  return diskInfo(await qemuImageInfo(exec, path, format));
}

export function diskInfo({ format, virtualSize, actualSize, backing }: QemuImageInfo): DiskInfo {
  return { format, virtualSize, actualSize, ...(backing === undefined ? {} : { backing }) };
}
