import { posix } from 'node:path';
import { ReasonedError } from '../../api/errors.ts';
import type { ObservedNode } from '../../api/node/observed.ts';
import { diskFile } from '../../api/storage.ts';
import type { ObjectOf } from '../objects.ts';
import type { NodeDeps } from './deps.ts';

/**
 * Another Node that has the disk. What a disk stands on, and which guest has a file under another name, is asked only
 * before the guest is defined: two guests that write to one file would destroy it.
 */
export async function findDiskHolder(
  deps: NodeDeps,
  { metadata: { name }, spec }: ObjectOf<'Node'>,
  { domain, disk }: { readonly domain: ObservedNode['domain']; readonly disk: ObservedNode['disk'] },
): Promise<string | undefined> {
  const path = posix.normalize(disk.path);
  const owner = spec.disk.path === undefined ? undefined : await ownerOf(deps, path);
  if (owner !== undefined && owner !== name) return owner;
  if (domain !== undefined || !disk.exists || !disk.whole) return undefined;
  const { diskHolders } = await deps.view.survey();
  for (const file of new Set([path, ...(await chainOf(deps, path, disk.format))])) {
    const holders = [...diskHolders(file), await ownerOf(deps, file, chainOf)];
    const other = holders.find((each) => each !== undefined && each !== name && isNode(deps, each));
    if (other !== undefined) return other;
  }
  return undefined;
}

/** Whether its manifest names a file of the store of images; asked as above. */
export async function isStoredImage(
  deps: NodeDeps,
  { spec: { disk } }: ObjectOf<'Node'>,
  domain: ObservedNode['domain'],
): Promise<boolean> {
  if (disk.path === undefined || domain !== undefined) return false;
  const path = posix.normalize(disk.path);
  const [real = path] = await chainOf(deps, path, disk.format);
  return [path, real].some((file) => posix.dirname(file) === deps.imagesDir);
}

function isNode({ store }: NodeDeps, name: string): boolean {
  return store.get('Node', name) !== undefined;
}

/** The Node for which k8slab makes a disk at that path; by its real path too where it is followed. */
async function ownerOf(deps: NodeDeps, file: string, follow?: typeof chainOf): Promise<string | undefined> {
  const other = posix.basename(file, diskFile(''));
  const node = deps.store.get('Node', other);
  if (node === undefined || node.spec.disk.path !== undefined) return undefined;
  const own = deps.disks.path(other);
  if (own === file) return other;
  const [real] = (await follow?.(deps, own, 'qcow2')) ?? [];
  return real === file ? other : undefined;
}

/** What cannot be read is told as the disk's own problem. */
async function chainOf({ disks }: NodeDeps, path: string, format?: string): Promise<readonly string[]> {
  try {
    return await disks.chain(path, format);
  } catch (error) {
    if (error instanceof ReasonedError) return [];
    throw error;
  }
}
