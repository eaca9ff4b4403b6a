import { join } from 'node:path';
import { ReasonedError } from '../../api/errors.ts';
import { listIfExists, removeIfExists } from '../files.ts';
import { forgetPart } from './part.ts';

/** What lies in the store under a name: its files, and what is noted about it. */
export async function findLeftovers(dir: string, name: string): Promise<{ files: string[]; known: boolean }> {
  const names = await listIfExists(dir);
  const notes = [`${name}.json`, `.${name}.part`, `.${name}.part.json`, `.tmp-${name}`];
  return {
    files: names.filter((file) => isFileOf(name, file)).map((file) => join(dir, file)),
    known: names.some((file) => notes.includes(file)),
  };
}

/** An image's name may begin with another's: what follows it must be the hash alone. */
function isFileOf(name: string, file: string): boolean {
  return file.startsWith(`${name}-`) && /^[0-9a-f]{12}\.(qcow2|raw)$/.test(file.slice(name.length + 1));
}

/** Removes files of an image; `forget`: and all that is noted about it. */
export async function removeImage(
  dir: string,
  name: string,
  { files, forget }: { files: readonly string[]; forget: boolean },
): Promise<void> {
  const { files: ours } = await findLeftovers(dir, name);
  const foreign = files.find((path) => !ours.includes(path));
  if (foreign !== undefined) {
    throw new ReasonedError('InvalidValue', `cannot remove image "${name}": ${foreign} is no file of it`);
  }
  for (const path of files) await removeIfExists(path);
  if (!forget) return;
  await removeIfExists(join(dir, `${name}.json`));
  await forgetPart(join(dir, `.${name}.part`));
  await removeIfExists(join(dir, `.tmp-${name}`));
}
