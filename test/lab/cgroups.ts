import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { poll } from './processes.ts';

const TOP = '/sys/fs/cgroup';

/**
 * The cgroup directories that a container gets where no systemd gives it any: one in each hierarchy, below our own. What containers
 * share there, the systemd of one removes while that of another starts a service in it.
 */
export function ownCgroups(machine: string): string[] {
  if (existsSync('/run/systemd/system')) return [];
  return readFileSync('/proc/self/cgroup', 'utf8')
    .trim()
    .split('\n')
    .map((line) => /^\d+:(?:name=)?([^:]*):(.*)$/.exec(line))
    .map((match) => [hierarchy(match?.[1] ?? ''), match?.[2] ?? ''] as const)
    .filter(([top, path]) => existsSync(join(top, path, 'cgroup.procs')))
    .map(([top, path]) => join(top, path, machine));
}

function hierarchy(controllers: string): string {
  if (controllers !== '') return join(TOP, controllers);
  return existsSync(join(TOP, 'unified')) ? join(TOP, 'unified') : TOP;
}

export async function removeCgroups(directories: readonly string[]): Promise<void> {
  const gone = (): true | undefined => (directories.map(remove).every(Boolean) ? true : undefined);
  await poll(gone, { timeoutMs: 2000, intervalMs: 50 });
}

/** Whether it is gone. */
function remove(directory: string): boolean {
  if (!existsSync(directory)) return true;
  try {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (entry.isDirectory()) remove(join(directory, entry.name));
    }
    rmdirSync(directory);
    return true;
  } catch {
    return false; // a process in it has not gone yet
  }
}
