import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { promisify } from 'node:util';
import { createDisks } from '../../../src/drivers/disks.ts';
import type { Disks, DisksOptions } from '../../../src/drivers/disks.ts';

export const run = promisify(execFile);
export const MIB = 1024 * 1024;
export const GIB = 1024 * MIB;

/** A directory that goes when the test file is done. */
export const root = await mkdtemp(join(tmpdir(), 'k8slab-disks-'));
after(() => rm(root, { recursive: true, force: true }));

/** 64 MiB, with 0x5a from 1 to 3 MiB. */
export const image = join(root, 'image.qcow2');
await run('qemu-img', ['create', '-q', '-f', 'qcow2', image, '64M']);
await run('qemu-io', ['-f', 'qcow2', '-c', 'write -P 0x5a 1M 2M', image]);
export const backing = { path: image, format: 'qcow2' } as const;

export async function newDisks(options: Partial<DisksOptions> = {}): Promise<{ dir: string; disks: Disks }> {
  const dir = join(await mkdtemp(join(root, 'lab-')), 'disks');
  return { dir, disks: createDisks({ dir, ...options }) };
}

export async function imageInfo(path: string): Promise<Record<string, unknown>> {
  const { stdout } = await run('qemu-img', ['info', '--output=json', path]);
  return JSON.parse(stdout) as Record<string, unknown>;
}
