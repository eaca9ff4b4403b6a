import { existsSync } from 'node:fs';
import { constants, enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Turns Node's compile cache on for what is installed in `directory`. The installation fills the one that root uses, since /usr
 * may be read-only; other users cannot read it and have one of their own. A checkout has no cache.
 */
export function useCompileCache(directory: string): void {
  const installed = join(directory, 'cache');
  if (!existsSync(installed)) return;
  const { FAILED } = constants.compileCacheStatus;
  if (enableCompileCache({ directory: installed, portable: true }).status !== FAILED) return;
  const own = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  if (existsSync(own)) enableCompileCache(join(own, 'k8slab'));
}
