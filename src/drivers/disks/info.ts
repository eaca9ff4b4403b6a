import { dirname } from 'node:path';
import { ReasonedError } from '../../api/errors.ts';
import { exists } from '../files.ts';
import type { DiskInfos } from './infos.ts';
import { diskInfo } from './make.ts';
import type { QemuImageInfo } from '../qemu-img.ts';
import type { DiskInfo } from './types.ts';

/** What qemu-img says of a disk that anybody may have made; see Disks.info. */
export async function infoOf(infos: DiskInfos, path: string, format: string | undefined): Promise<DiskInfo> {
  try {
    return await (format === undefined
      ? guess(infos, path)
      : infos.get(path, format).then((found) => withLack(infos, found)));
  } catch (error) {
    if (!(error instanceof ReasonedError) || error.reason !== 'DiskMissing') throw error;
    const directory = dirname(path);
    if (await exists(directory)) throw error;
    const message = `cannot read disk "${path}": there is no directory ${directory}`;
    throw new ReasonedError('StorageMissing', message, { cause: error, hint: 'is its file system mounted?' });
  }
}

/** What the disk is, and whether what it stands on is there. */
export async function withLack(infos: DiskInfos, found: QemuImageInfo): Promise<DiskInfo> {
  const lacks = await infos.lacks(found);
  return { ...diskInfo(found), ...(lacks === undefined ? {} : { lacks }) };
}

/** A format that names other files is not taken from the content: the guest would read them. */
async function guess(infos: DiskInfos, path: string): Promise<DiskInfo> {
  const { format, virtualSize, actualSize, backing, dataFile } = await infos.get(path);
  const harmless =
    (format === 'raw' || format === 'qcow2') && backing === undefined && dataFile === undefined;
  if (harmless) return { format, virtualSize, actualSize };
  const other = backing ?? dataFile;
  const looks = `it looks like ${format}${other === undefined ? '' : ` that stands on ${other}`}`;
  const message = `cannot use disk "${path}": ${looks}, and a guest can make a raw disk look so`;
  throw new ReasonedError('DiskFormatUnknown', message, { hint: 'say what it is by spec.disk.format' });
}
