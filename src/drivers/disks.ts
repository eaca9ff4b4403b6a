import { chmod, link, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ReasonedError } from '../api/errors.ts';
import { diskFile } from '../api/storage.ts';
import { exec as runCommand } from './exec.ts';
import type { Exec } from './exec.ts';
import {
  ensureDir,
  exists,
  listIfExists,
  readIfExists,
  removeIfExists,
  removeWritten,
  syncDir,
  writeAtomic,
} from './files.ts';
import { infoOf, withLack } from './disks/info.ts';
import { createDiskInfos, type DiskInfos } from './disks/infos.ts';
import { grow, info, makeCopy, makeOverlay, orDiscard, takeCopy } from './disks/make.ts';
import type { DiskInfo, DiskOrigin, Disks, DiskState } from './disks/types.ts';
import { errnoOf, ioError } from './io-errors.ts';

export type * from './disks/types.ts';

export interface DisksOptions {
  dir: string;
  exec?: Exec;
}

const markerSchema = z.object({
  node: z.string(),
  madeBy: z.literal('k8slab'),
  source: z.string(),
  origin: z.object({ image: z.string(), sha256: z.string(), cloneOf: z.string() }).partial().optional(),
  firstBoot: z.string().optional(),
});
type Marker = z.output<typeof markerSchema>;

const TEMPORARY = /^\.tmp-([a-z0-9-]+)\.qcow2$/;

interface Place {
  node: string;
  exec: Exec;
  infos: DiskInfos;
  disk: string;
  temporary: string;
  marker: string;
}

/** Makes the driver of the disks in one directory, which is made when it is needed. */
export function createDisks({ dir, exec = runCommand }: DisksOptions): Disks {
  const infos = createDiskInfos(exec);

  function place(node: string): Place {
    const disk = join(dir, diskFile(node));
    return {
      node,
      exec,
      infos,
      disk,
      temporary: join(dir, `.tmp-${node}.qcow2`),
      marker: join(dir, `${node}.json`),
    };
  }

  /** Runs `make`, which fills the temporary file, unless the disk is there already. A next try replaces leftovers. */
  async function create(marker: Made, make: (at: Place) => Promise<void>): Promise<DiskInfo> {
    const at = place(marker.node);
    await ensureDir(dir, 0o711);
    const found = await observe(at);
    if (found.exists) return expectOurs(at, found);
    try {
      await make(at);
      await install(at, marker);
      return await info(exec, at.disk, 'qcow2');
    } catch (error) {
      throw await ioError('make disk', at.disk, error);
    }
  }

  return {
    path: (node) => place(node).disk,
    async freshTempPath(node) {
      await ensureDir(dir, 0o711);
      await removeIfExists(place(node).temporary);
      return place(node).temporary;
    },
    observe: (node) => observe(place(node)),
    createOverlay: (request) =>
      create(made(request, request.backing.path), (at) => orDiscard(at, makeOverlay(at, request))),
    createCopy: (request) =>
      create(made(request, request.source.path), (at) => orDiscard(at, makeCopy(at, request))),
    adoptCopy: (request) => create(made(request, request.source), (at) => takeCopy(at, request)),
    discardTemp: (node) => discard(place(node)),
    hasTemp: (node) => exists(place(node).temporary),
    leftovers: async () => (await listIfExists(dir)).flatMap((name) => TEMPORARY.exec(name)?.[1] ?? []),
    async noteFirstBoot(node, firstBoot) {
      const at = place(node);
      const marker = await readMarker(at);
      if (marker === undefined) throw notOurs(at);
      if (marker.firstBoot === undefined) await writeMarker(at, { ...marker, firstBoot });
    },
    async grow(node, size) {
      const at = place(node);
      if ((await readMarker(at)) === undefined) throw notOurs(at);
      await grow(exec, at.disk, await info(exec, at.disk, 'qcow2'), size);
    },
    info: (path, format) => infoOf(infos, path, format),
    chain: (path, format) => infos.chain(path, format),
    list: () => listDisks(dir),
    remove: (node) => remove(place(node)),
  };
}

/** Leftovers of copies and others' snapshots too: whatever may stand on something. */
async function listDisks(dir: string): Promise<string[]> {
  const names = await listIfExists(dir);
  return names.filter((name) => !name.endsWith('.json')).map((name) => join(dir, name));
}

async function observe(at: Place): Promise<DiskState> {
  const { infos, disk: path } = at;
  const marker = await readMarker(at);
  const there = await exists(path);
  const state = { path, exists: there, ours: marker !== undefined, whole: there, ...ofMarker(marker) };
  if (!there || marker === undefined) return state;
  try {
    return { ...state, info: await withLack(infos, await infos.get(path, 'qcow2')) };
  } catch (error) {
    if (!(error instanceof ReasonedError) || error.reason !== 'DiskDamaged') throw error;
    return { ...state, whole: false };
  }
}

function ofMarker({ origin, firstBoot }: Partial<Marker> = {}): Pick<DiskState, 'origin' | 'firstBoot'> {
  return { ...(origin === undefined ? {} : { origin }), ...(firstBoot === undefined ? {} : { firstBoot }) };
}

type Made = Pick<Marker, 'node' | 'source' | 'origin'>;

function made({ node, origin }: { node: string; origin?: DiskOrigin | undefined }, source: string): Made {
  return { node, source, origin };
}

/** Undefined where there is none that says that the disk is ours. */
async function readMarker({ marker, node }: Place): Promise<Marker | undefined> {
  const text = await readIfExists(marker);
  try {
    const found = text === undefined ? undefined : markerSchema.safeParse(JSON.parse(text)).data;
    return found?.node === node ? found : undefined;
  } catch {
    return undefined;
  }
}

async function writeMarker(at: Place, { node, ...rest }: Made & Partial<Marker>): Promise<void> {
  await writeAtomic(at.marker, `${JSON.stringify({ node, madeBy: 'k8slab', ...rest })}\n`, { mode: 0o644 });
}

function expectOurs(at: Place, found: DiskState): DiskInfo {
  if (!found.ours) throw notOurs(at);
  if (found.info !== undefined) return found.info;
  throw new ReasonedError('DiskDamaged', `cannot use disk "${at.disk}": qemu-img cannot read it`, {
    hint: 'mend it, or move it away to have it made anew without its data',
  });
}

function notOurs({ disk }: Place): ReasonedError {
  return new ReasonedError(
    'DiskNotOurs',
    `cannot use disk "${disk}": there is a file that k8slab did not make`,
    {
      hint: 'move it away, or use it by spec.disk.path',
    },
  );
}

/** Gives the finished file its final name. The marker comes first, so that no disk of ours is ever without one. */
async function install(at: Place, marker: Made): Promise<void> {
  await chmod(at.temporary, 0o600);
  const file = await open(at.temporary, 'r');
  await file.sync().finally(() => file.close());
  await writeMarker(at, marker);
  if (!(await renameNew(at.temporary, at.disk))) {
    await removeIfExists(at.marker);
    await removeIfExists(at.temporary);
    throw notOurs(at);
  }
  await syncDir(dirname(at.disk));
}

/** The marker of a disk that was never finished goes first: who is killed in between is led here again by the temporary file. */
async function discard(at: Place): Promise<void> {
  if (!(await exists(at.temporary))) return;
  if (!(await exists(at.disk))) await removeWritten(at.marker);
  await removeIfExists(at.temporary);
}

async function remove(at: Place): Promise<boolean> {
  const there = await exists(at.disk);
  if (there && (await readMarker(at)) === undefined) throw notOurs(at);
  await removeIfExists(at.temporary);
  await removeIfExists(at.disk);
  await removeWritten(at.marker);
  return there;
}

/** Renames unless there is a file by the new name; false then. */
async function renameNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    await removeIfExists(from);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP'].includes(errnoOf(error) ?? '')) throw error;
  }
  // No hard links on this file system: the best that is left.
  if (await exists(to)) return false;
  await rename(from, to);
  return true;
}
