import { join } from 'node:path';
import { cached, ingredient } from '../lab/cache.ts';
import { mustRun } from '../lab/processes.ts';

/** Real kubectls, the oldest that Debian supports and the newest there is. */
export const KUBECTLS = ['1.20', '1.32', '1.35'] as const;
export type KubectlVersion = (typeof KUBECTLS)[number];

const SCRIPT = join(import.meta.dirname, 'fetch.sh');
const DEBS = join(import.meta.dirname, '../lab/fetch-debs.sh');

/** The path of each, fetched first where they are not in the cache of the labs. */
export async function fetchKubectls(): Promise<Readonly<Record<KubectlVersion, string>>> {
  const directory = process.env['K8SLAB_LAB_CACHE'] ?? '/var/cache/k8slab-lab';
  const recipe = {
    name: 'kubectls',
    ingredients: [ingredient(SCRIPT), ingredient(DEBS)],
    build: async (path: string, work: string) => {
      await mustRun([SCRIPT, path, work], { timeoutMs: 300_000 });
    },
  };
  const path = await cached(recipe, { directory, report: (line) => process.stderr.write(`${line}\n`) });
  return Object.fromEntries(KUBECTLS.map((each) => [each, join(path, each, 'kubectl')])) as Record<
    KubectlVersion,
    string
  >;
}
