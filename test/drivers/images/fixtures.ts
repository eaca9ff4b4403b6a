import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { promisify } from 'node:util';
import { createImageStore } from '../../../src/drivers/images.ts';
import type { ImageStore, ImageStoreOptions } from '../../../src/drivers/images.ts';

export const run = promisify(execFile);
export const MIB = 1024 * 1024;

/** A directory that goes when the test file is done. */
export const root = await mkdtemp(join(tmpdir(), 'k8slab-images-'));
after(() => rm(root, { recursive: true, force: true }));

/** A store in a directory that does not exist yet. */
export async function newStore(
  options: Partial<ImageStoreOptions> = {},
): Promise<{ dir: string; store: ImageStore }> {
  const dir = join(await mkdtemp(join(root, 'store-')), 'images');
  return { dir, store: createImageStore({ dir, ...options }) };
}

export async function sourceFile(name: string, data: Buffer | string): Promise<string> {
  const path = join(await mkdtemp(join(root, 'source-')), name);
  await writeFile(path, data);
  return path;
}

/** An empty qcow2 of 1 GiB. */
export async function qcow2(name: string, ...options: string[]): Promise<string> {
  const path = join(await mkdtemp(join(root, 'source-')), name);
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', ...options, path, '1G']);
  return path;
}

export async function xz(data: Buffer): Promise<Buffer> {
  const path = await sourceFile('x', data);
  await run('xz', ['-0', path]);
  return readFile(`${path}.xz`);
}

export function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
