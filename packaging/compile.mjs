// Fills the compile cache beside the bundles, for root, who runs this when the package is installed: what V8 makes differs with
// every run, so it cannot be part of the package. Every part is loaded; the commands themselves would run.
import { execFileSync } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { join } from 'node:path';

const directory = import.meta.dirname;
const cache = join(directory, 'cache');

/** V8 takes nothing from the cache that it made with other flags. */
async function flagsOf(command) {
  const [line] = (await readFile(join(directory, `${command}.mjs`), 'utf8')).split('\n', 1);
  return line.split(' ').slice(1);
}

const [command] = process.argv.slice(2);
if (command === undefined) {
  await rm(cache, { recursive: true, force: true });
  for (const each of ['k8slab', 'k8slabd'])
    execFileSync(process.execPath, [...(await flagsOf(each)), import.meta.filename, each], {
      stdio: 'inherit',
    });
} else {
  enableCompileCache({ directory: cache, portable: true });
  for (const file of await readdir(directory))
    if (file.startsWith(`${command}-`) && file.endsWith('.mjs')) await import(join(directory, file));
  flushCompileCache();
}
