import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ReasonedError, toError } from '../api/errors.ts';
import { isManifestFile } from '../api/manifest/snapshot.ts';

export interface ManifestText {
  readonly path: string;
  readonly text: string;
}

/** The files named, and the manifests in the directories named; `-` is standard input. */
export async function readManifests(paths: readonly string[]): Promise<ManifestText[]> {
  const files = (await Promise.all(paths.map(readPath))).flat();
  if (files.length > 0) return files;
  const hint = 'manifests are files that end in .yaml, .yml or .json';
  throw new ReasonedError('NoManifests', `cannot read manifests: there are none in ${paths.join(', ')}`, {
    hint,
  });
}

async function readPath(path: string): Promise<ManifestText[]> {
  try {
    // Not by /dev/stdin, which cannot be opened when it is a socket, as it may be under sshd.
    if (path === '-') return [{ path: '<stdin>', text: await text(process.stdin) }];
    if (!(await stat(path)).isDirectory()) return [{ path, text: await readFile(path, 'utf8') }];
    const names = (await readdir(path)).filter(isManifestFile).sort();
    return await Promise.all(
      names.map(async (name) => ({ path: join(path, name), text: await readFile(join(path, name), 'utf8') })),
    );
  } catch (error) {
    throw new ReasonedError('CannotRead', `cannot read manifests "${path}": ${toError(error).message}`, {
      cause: error,
    });
  }
}
