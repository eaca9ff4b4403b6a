// Fills the compile cache beside the bundles, for root, who runs this when the package is installed: what V8 makes differs with
// every run, so it cannot be part of the package. Every part is loaded; the commands themselves would run.
import { readdir, rm } from 'node:fs/promises';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { join } from 'node:path';

const directory = import.meta.dirname;
const cache = join(directory, 'cache');
await rm(cache, { recursive: true, force: true });
enableCompileCache({ directory: cache, portable: true });
for (const file of await readdir(directory)) {
  if (/^k8slabd?-.*\.mjs$/.test(file)) await import(join(directory, file));
}
flushCompileCache();
