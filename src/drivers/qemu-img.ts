import { z } from 'zod';
import { ReasonedError } from '../api/errors.ts';
import { oneLine } from '../api/plain.ts';
import { ExecError } from './exec.ts';
import type { Exec } from './exec.ts';
import { noSpace } from './io-errors.ts';
import { readImageInfo, type QemuImageInfo } from './qcow2.ts';

export type { QemuImageInfo } from './qcow2.ts';

const INFO_DEADLINE_MS = 30_000;

const infoSchema = z.object({
  filename: z.string(),
  format: z.string(),
  'virtual-size': z.number(),
  'actual-size': z.number().default(0),
  'backing-filename': z.string().optional(),
  'full-backing-filename': z.string().optional(),
  'backing-filename-format': z.string().optional(),
  'format-specific': z.object({ data: z.looseObject({ 'data-file': z.string().optional() }) }).optional(),
});

/** What qemu-img says of a file, also of one in use. Without `format` qemu-img guesses, which a guest can mislead. */
export async function qemuImageInfo(exec: Exec, path: string, format?: string): Promise<QemuImageInfo> {
  const read = format === undefined ? undefined : await readImageInfo(path, format);
  return read ?? askQemuImg(exec, path, format);
}

export async function askQemuImg(exec: Exec, path: string, format?: string): Promise<QemuImageInfo> {
  const asFormat = format === undefined ? [] : ['-f', format];
  const { stdout } = await runQemuImg(exec, ['info', '-U', '--output=json', ...asFormat, '--', path], {
    verb: 'read disk',
    path,
    deadlineMs: INFO_DEADLINE_MS,
  });
  const info = infoSchema.parse(JSON.parse(stdout));
  return {
    format: info.format,
    virtualSize: info['virtual-size'],
    actualSize: info['actual-size'],
    backing: info['full-backing-filename'] ?? info['backing-filename'],
    backingFormat: info['backing-filename-format'],
    dataFile: info['format-specific']?.data['data-file'],
  };
}

/** Bytes that a disk takes together with everything it stands on. */
export async function qemuChainSize(exec: Exec, path: string, format: string): Promise<number> {
  const chain = await chainInfo(exec, path, format);
  return chain.reduce((sum, each) => sum + each['actual-size'], 0);
}

async function chainInfo(
  exec: Exec,
  path: string,
  format: string | undefined,
): Promise<z.output<typeof infoSchema>[]> {
  const asFormat = format === undefined ? [] : ['-f', format];
  const args = ['info', '-U', '--backing-chain', '--output=json', ...asFormat, '--', path];
  const { stdout } = await runQemuImg(exec, args, { verb: 'read disk', path, deadlineMs: INFO_DEADLINE_MS });
  return z.array(infoSchema).parse(JSON.parse(stdout));
}

/** Runs qemu-img; its failures get the reasons of file operations, DiskInUse or DiskDamaged, and name the path. */
export async function runQemuImg(
  exec: Exec,
  args: readonly string[],
  options: { verb: string; path: string; deadlineMs: number; signal?: AbortSignal | undefined },
): Promise<{ stdout: string }> {
  const { verb, path, deadlineMs, signal } = options;
  try {
    return await exec(['qemu-img', ...args], { deadlineMs, ...(signal === undefined ? {} : { signal }) });
  } catch (error) {
    throw error instanceof ExecError && error.reason === 'CommandFailed'
      ? await explain(error, verb, path)
      : error;
  }
}

async function explain(error: ExecError, verb: string, path: string): Promise<Error> {
  const said = oneLine(error.stderr.trim()).replaceAll(/^qemu-img: /g, '');
  if (/No space left|Disk quota exceeded/.test(said)) return noSpace(verb, path, { cause: error });
  const [reason, hint] = reasonOf(said);
  return new ReasonedError(reason, `cannot ${verb} "${path}": ${said === '' ? error.message : said}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

function reasonOf(said: string): [reason: string, hint?: string] {
  if (said.includes('Permission denied'))
    return ['PermissionDenied', 'check owner and mode of the file and its directories'];
  if (said.includes('Read-only file system')) return ['ReadOnlyFileSystem'];
  if (/Failed to get .*lock/.test(said)) return ['DiskInUse', 'stop the guest that uses it'];
  if (said.includes('No such file or directory')) return ['DiskMissing'];
  return ['DiskDamaged', 'see what qemu-img info and qemu-img check say of it'];
}
