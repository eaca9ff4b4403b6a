import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerPaths } from './container.ts';

export interface LabDirectories {
  readonly cache: string;
  readonly run: string;
  /** What the lab's containers write. */
  readonly data: string;
  /** Part of the names of its containers. */
  readonly unique: string;
}

/** Where labs keep what they build (K8SLAB_LAB_CACHE) and what runs (K8SLAB_LAB_RUN). */
export function labDirectories(name: string): LabDirectories {
  if (!/^[a-z0-9][a-z0-9-]{0,30}$/.test(name))
    throw new Error(`"${name}" is no name for a lab: use a-z, 0-9 and -`);
  const cache = process.env['K8SLAB_LAB_CACHE'] ?? '/var/cache/k8slab-lab';
  const run = join(process.env['K8SLAB_LAB_RUN'] ?? '/run/k8slab-lab', name);
  // /run is small memory on most machines: the guests' disks go where the images are.
  const unique = `${name}-${createHash('sha256').update(run).digest('hex').slice(0, 6)}`;
  return { cache, run, data: join(cache, 'labs', unique), unique };
}

/** The container of a vmhost that is alone. */
export function onlyContainer({ run, data, unique }: LabDirectories): ContainerPaths {
  return { machine: `k8slab-${unique}`, data, console: join(run, 'console.log') };
}

/** One of several containers. @param hostname vmhost1, …, or control */
export function containerOf({ run, data, unique }: LabDirectories, hostname: string): ContainerPaths {
  const console = join(run, `${hostname}.log`);
  return { machine: `k8slab-${unique}-${hostname}`, data: join(data, hostname), console };
}

/** Each that a lab of this name may have left, whatever became of the process that made it. */
export function containersThere(directories: LabDirectories): ContainerPaths[] {
  const names = existsSync(directories.data) ? readdirSync(directories.data) : [];
  const several = names.filter((name) => /^(vmhost\d+|control)$/.test(name));
  if (several.length === 0) return [onlyContainer(directories)];
  return several.map((hostname) => containerOf(directories, hostname));
}
