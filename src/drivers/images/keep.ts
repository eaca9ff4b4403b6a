import { chmod, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ReasonedError } from '../../api/errors.ts';
import { readIfExists, syncDir, writeAtomic } from '../files.ts';
import type { StoredImage } from './types.ts';
import { ioError, isMissing } from '../io-errors.ts';
import type { Acquired, Job } from './acquire.ts';
import { hashFile } from './bulk.ts';
import { forgetPart } from './part.ts';
import { askQemuImg } from '../qemu-img.ts';

const storedSchema = z.object({
  name: z.string(),
  source: z.string(),
  checksum: z.string().optional(),
  file: z.string().regex(/^[^/]+$/),
  sha256: z.string(),
  format: z.enum(['qcow2', 'raw']),
  virtualSize: z.number(),
  size: z.number(),
  sourceIdentity: z.string(),
});

/** What the sidecar says, where the file still has the size it says. */
export async function findImage(dir: string, name: string): Promise<StoredImage | undefined> {
  const text = await readIfExists(join(dir, `${name}.json`));
  const stored = text === undefined ? undefined : parseStored(text);
  if (stored === undefined) return undefined;
  const { file, checksum, ...rest } = stored;
  const path = join(dir, file);
  const found = await stat(path).catch(async (error: unknown) => {
    if (isMissing(error)) return undefined;
    throw await ioError('read image', path, error);
  });
  if (found?.isFile() !== true || found.size !== stored.size) return undefined;
  return { ...rest, path, ...(checksum === undefined ? {} : { checksum }) };
}

function parseStored(text: string): z.output<typeof storedSchema> | undefined {
  try {
    return storedSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Gives an acquired file its final name and notes what it is. */
export async function keep(dir: string, job: Job, acquired: Acquired): Promise<StoredImage> {
  const { name, source, checksum } = job.request;
  const { sha256, sourceIdentity } = acquired;
  const { format, virtualSize } = await examine(job, acquired);
  const file = `${name}-${sha256.slice(0, 12)}.${format}`;
  const path = join(dir, file);
  const size = await install(acquired, path);
  const image = {
    name,
    source,
    ...(checksum === undefined ? {} : { checksum }),
    sha256,
    format,
    virtualSize,
    size,
  };
  // Not for others: the source may have a password in it.
  const sidecar = `${JSON.stringify({ ...image, file, sourceIdentity }, undefined, 2)}\n`;
  await writeAtomic(join(dir, `${name}.json`), sidecar, { mode: 0o600 });
  await forgetPart(job.part);
  return { ...image, path, sourceIdentity };
}

/** Format and size; refuses what would make a guest read another file of the vmhost. */
async function examine(
  job: Job,
  { path, content }: Acquired,
): Promise<Pick<StoredImage, 'format' | 'virtualSize'>> {
  const { name, format = content.kind } = job.request;
  if (format !== content.kind) {
    throw new ReasonedError(
      'FormatMismatch',
      `cannot use image "${name}": it is ${content.kind}, not ${format}`,
      {
        hint: 'mend spec.format or leave it out',
      },
    );
  }
  // By our own eyes first: qemu-img opens a data file that it is shown.
  if (content.kind === 'qcow2' && !content.safe) throw unsafe(name);
  const info = await askQemuImg(job.exec, path, content.kind).catch((error: unknown) => {
    if (!(error instanceof ReasonedError) || error.reason !== 'DiskDamaged') throw error;
    throw new ReasonedError('CorruptImage', `cannot use image "${name}": qemu-img cannot read it`, {
      cause: error,
    });
  });
  if (info.backing !== undefined || (content.kind === 'qcow2' && info.dataFile !== undefined))
    throw unsafe(name);
  return { format: content.kind, virtualSize: info.virtualSize };
}

function unsafe(name: string): ReasonedError {
  return new ReasonedError(
    'UnsafeImage',
    `cannot use image "${name}": it has a backing or data file of its own`,
    {
      hint: 'make it stand alone with qemu-img convert',
    },
  );
}

/** Gives the file its final name, where the same content may already be, under running guests. */
async function install({ path: from, sha256 }: Acquired, path: string): Promise<number> {
  await chmod(from, 0o644);
  const file = await open(from, 'r');
  try {
    await file.sync();
    const { size } = await file.stat();
    if (await holds(path, size, sha256)) await rm(from);
    else await rename(from, path);
    await chmod(path, 0o644);
    await syncDir(dirname(path));
    return size;
  } finally {
    await file.close();
  }
}

async function holds(path: string, size: number, sha256: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true && found.size === size && (await hashFile(path, {})).sha256 === sha256;
}
