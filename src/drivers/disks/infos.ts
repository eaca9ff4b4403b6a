import { access, realpath } from 'node:fs/promises';
import { ReasonedError } from '../../api/errors.ts';
import type { Exec } from '../exec.ts';
import { exists } from '../files.ts';
import { isMissing } from '../io-errors.ts';
import { readImageInfo } from '../qcow2.ts';
import { askQemuImg, type QemuImageInfo } from '../qemu-img.ts';
import { contentStamp, headerStamp, keepByStamp, sizeStamp } from '../stamps.ts';
import type { KeptByStamp, StampOf } from '../stamps.ts';

/**
 * What disks are: read from the file each time, and where only qemu-img can tell, asked again only when a disk is another
 * one. Errors: as Disks.info.
 */
export interface DiskInfos {
  /** Without `format` qemu-img guesses, which a guest can mislead. */
  get(path: string, format?: string): Promise<QemuImageInfo>;
  /** As Disks.chain. */
  chain(path: string, format?: string): Promise<readonly string[]>;
  /** As `DiskInfo.lacks`. */
  lacks(disk: QemuImageInfo): Promise<string | undefined>;
}

const LIMIT = 8192;
/** QEMU itself follows no more. */
const MAX_DEPTH = 200;

export function createDiskInfos(exec: Exec): DiskInfos {
  const byFormat = new Map<string | undefined, KeptByStamp<QemuImageInfo>>();

  /** Of disks such as block devices and encrypted ones. */
  function kept(format: string | undefined): KeptByStamp<QemuImageInfo> {
    const found = byFormat.get(format);
    if (found !== undefined) return found;
    const made = keepByStamp({
      read: (path) => askQemuImg(exec, path, format),
      stampOf: stampOf(format),
      limit: LIMIT,
    });
    byFormat.set(format, made);
    return made;
  }
  const infos: DiskInfos = {
    async get(path, format) {
      const read = format === undefined ? undefined : await readImageInfo(path, format);
      return read ?? kept(format).get(path);
    },
    async chain(path, format) {
      return (await exists(path)) ? walk(infos, path, format) : [];
    },
    lacks: (disk) => firstMissing(infos, disk),
  };
  return infos;
}

function stampOf(format: string | undefined): StampOf {
  if (format === 'raw') return sizeStamp;
  return format === 'qcow2' ? headerStamp : contentStamp;
}

async function walk(infos: DiskInfos, start: string, startFormat: string | undefined): Promise<string[]> {
  const chain: string[] = [];
  let [path, format]: [string | undefined, string | undefined] = [start, startFormat];
  while (path !== undefined) {
    if (!path.startsWith('/') || chain.length >= MAX_DEPTH) throw unknowable(start, path);
    chain.push(await realpath(path).catch(() => path ?? ''));
    // Whatever a raw disk looks like, it stands on nothing.
    if (format === 'raw') break;
    const info: QemuImageInfo = await infos.get(path, format);
    [path, format] = [info.backing, info.backingFormat];
  }
  return chain;
}

/** What is there and cannot be read is told when it is opened. */
async function firstMissing(
  infos: DiskInfos,
  { backing, backingFormat }: QemuImageInfo,
  depth = 0,
): Promise<string | undefined> {
  if (backing?.startsWith('/') !== true || depth >= MAX_DEPTH) return undefined;
  const missing = await access(backing).then(() => false, isMissing);
  if (missing) return backing;
  if (backingFormat === 'raw') return undefined;
  const next = await infos.get(backing, backingFormat).catch(() => undefined);
  return next && firstMissing(infos, next, depth + 1);
}

function unknowable(start: string, path: string): ReasonedError {
  return new ReasonedError('DiskDamaged', `cannot read disk "${start}": what it stands on ends in "${path}"`);
}
