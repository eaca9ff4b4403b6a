import { chmod, link, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ReasonedError } from '../api/errors.ts';
import { exec as runCommand } from './exec.ts';
import type { Exec } from './exec.ts';
import {
  ensureDir,
  exists,
  listIfExists,
  readIfExists,
  removeIfExists,
  syncDir,
  writeAtomic,
} from './files.ts';
import { createDiskInfos, type DiskInfos } from './disks/infos.ts';
import { diskInfo, grow, info, makeCopy, makeOverlay, orDiscard, takeCopy } from './disks/make.ts';
import type { DiskInfo, Disks, DiskState } from './disks/types.ts';
import { errnoOf, ioError } from './io-errors.ts';

export type * from './disks/types.ts';

export interface DisksOptions {
  dir: string;
  exec?: Exec;
}

const markerSchema = z.object({ node: z.string(), madeBy: z.literal('k8slab'), source: z.string() });

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
    const disk = join(dir, `${node}.qcow2`);
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
  async function create(node: string, source: string, make: (at: Place) => Promise<void>): Promise<DiskInfo> {
    const at = place(node);
    await ensureDir(dir, 0o711);
    const found = await observe(at);
    if (found.exists) return expectOurs(at, found);
    try {
      await make(at);
      await install(at, source);
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
      create(request.node, request.backing.path, (at) => orDiscard(at, makeOverlay(at, request))),
    createCopy: (request) =>
      create(request.node, request.source.path, (at) => orDiscard(at, makeCopy(at, request))),
    adoptCopy: (request) => create(request.node, request.source, (at) => takeCopy(at, request)),
    async grow(node, size) {
      const at = place(node);
      if (!isMarkerOf(node, await readIfExists(at.marker))) throw notOurs(at);
      await grow(exec, at.disk, await info(exec, at.disk, 'qcow2'), size);
    },
    info: async (path, format) => diskInfo(await infos.get(path, format)),
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

async function observe({ node, infos, disk, marker }: Place): Promise<DiskState> {
  const ours = isMarkerOf(node, await readIfExists(marker));
  if (!(await exists(disk))) return { path: disk, exists: false, ours, whole: false };
  try {
    return {
      path: disk,
      exists: true,
      ours,
      whole: true,
      info: diskInfo(await infos.get(disk, ours ? 'qcow2' : undefined)),
    };
  } catch (error) {
    if (!(error instanceof ReasonedError) || error.reason !== 'DiskDamaged') throw error;
    return { path: disk, exists: true, ours, whole: false };
  }
}

function isMarkerOf(node: string, text: string | undefined): boolean {
  if (text === undefined) return false;
  try {
    return markerSchema.safeParse(JSON.parse(text)).data?.node === node;
  } catch {
    return false;
  }
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
async function install(at: Place, source: string): Promise<void> {
  await chmod(at.temporary, 0o600);
  const file = await open(at.temporary, 'r');
  await file.sync().finally(() => file.close());
  const marker = `${JSON.stringify({ node: at.node, madeBy: 'k8slab', source })}\n`;
  await writeAtomic(at.marker, marker, { mode: 0o644 });
  if (!(await renameNew(at.temporary, at.disk))) {
    await removeIfExists(at.marker);
    throw notOurs(at);
  }
  await syncDir(dirname(at.disk));
}

async function remove(at: Place): Promise<boolean> {
  const there = await exists(at.disk);
  if (there && !isMarkerOf(at.node, await readIfExists(at.marker))) throw notOurs(at);
  await removeIfExists(at.temporary);
  await removeIfExists(at.disk);
  await removeIfExists(at.marker);
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
