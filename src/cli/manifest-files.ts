import { stat } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { ReasonedError, toError } from '../api/errors.ts';
import { isManifestFile, type ManifestFile } from '../api/manifest/snapshot.ts';
import { findManifests } from '../drivers/manifest-dir/find.ts';
import { decodeManifest, readManifest } from '../drivers/manifest-dir/read.ts';

/**
 * The files named, and the manifests in the directories named and their folders, read as the daemon reads them; `-` is
 * standard input.
 */
export async function readManifests(paths: readonly string[]): Promise<ManifestFile[]> {
  const files = (await Promise.all(paths.map(readPath))).flat();
  if (files.length > 0) return files;
  const hint = 'manifests are files that end in .yaml, .yml or .json';
  throw new ReasonedError('NoManifests', `cannot read manifests: there are none in ${paths.join(', ')}`, {
    hint,
  });
}

async function readPath(path: string): Promise<ManifestFile[]> {
  // Not by /dev/stdin, which cannot be opened when it is a socket, as it may be under sshd.
  if (path === '-')
    return [await readFrom('<stdin>', async () => decodeManifest('-', await buffer(process.stdin)))];
  try {
    if (!(await stat(path)).isDirectory()) return [await readFile(path)];
    const { paths, unread } = await findManifests(path, isManifestFile);
    return [...(await Promise.all(paths.map(readFile))), ...unread];
  } catch (error) {
    throw new ReasonedError('CannotRead', `cannot read manifests "${path}": ${toError(error).message}`, {
      cause: error,
    });
  }
}

function readFile(path: string): Promise<ManifestFile> {
  return readFrom(path, async () => {
    const found = await readManifest(path);
    if (found === undefined)
      throw new ReasonedError('NotAFile', `cannot read manifest "${path}": it is no file`);
    return found.text;
  });
}

async function readFrom(path: string, read: () => Promise<string>): Promise<ManifestFile> {
  try {
    return { path, text: await read() };
  } catch (error) {
    return { path, error: toError(error) };
  }
}
