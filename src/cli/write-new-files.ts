import { join } from 'node:path';
import { ReasonedError } from '../api/errors.ts';
import { createExclusive, ensureDir, readIfExists } from '../drivers/files.ts';

/** Writes each file, unless one of that name is there: then none is written. @returns their paths */
export async function writeNewFiles(
  directory: string,
  files: readonly { readonly name: string; readonly text: string }[],
): Promise<string[]> {
  const wanted = files.map(({ name, text }) => ({ path: join(directory, name), text }));
  for (const { path } of wanted) if ((await readIfExists(path)) !== undefined) throw fileExists(path);
  // Whatever the umask: what others may write to is no directory of manifests.
  await ensureDir(directory, 0o755);
  for (const { path, text } of wanted) {
    if (!(await createExclusive(path, text, 0o644))) throw fileExists(path);
  }
  return wanted.map(({ path }) => path);
}

function fileExists(path: string): ReasonedError {
  const hint = 'move it away, or choose another directory; nothing is overwritten';
  return new ReasonedError('FileExists', `cannot write "${path}": there is such a file`, { hint });
}
