import { join } from 'node:path';
import { cached, ingredient, type CacheOptions } from '../lab/cache.ts';
import { mustRun } from '../lab/processes.ts';

/** Paths of a real API server and what belongs to it. */
export interface Binaries {
  readonly apiserver: string;
  readonly etcd: string;
  readonly kubectl: string;
}

const here = import.meta.dirname;
const BUILD_MS = 3_600_000;

/** Built from Go modules where they are not in the cache of the labs: nine minutes on two cores that do nothing else. */
export async function buildBinaries(options: Partial<CacheOptions> = {}): Promise<Binaries> {
  const { signal } = options;
  const script = join(here, 'build.sh');
  const recipe = {
    name: 'control-plane',
    ingredients: [ingredient(script)],
    build: async (path: string, work: string) => {
      await mustRun([script, path, work], {
        timeoutMs: BUILD_MS,
        ...(signal === undefined ? {} : { signal }),
      });
    },
  };
  const path = await cached(recipe, {
    directory: process.env['K8SLAB_LAB_CACHE'] ?? '/var/cache/k8slab-lab',
    report: (line) => process.stderr.write(`${line}\n`),
    ...options,
  });
  return {
    apiserver: join(path, 'kube-apiserver'),
    etcd: join(path, 'etcd'),
    kubectl: join(path, 'kubectl'),
  };
}
