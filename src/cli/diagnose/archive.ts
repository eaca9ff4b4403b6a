import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ReasonedError } from '../../api/errors.ts';
import { exec as runCommand, type Exec } from '../../drivers/exec.ts';
import { errnoOf, ioError } from '../../drivers/io-errors.ts';

const DEADLINE_MS = 120_000;

/**
 * Writes files into a new .tar.gz that only its owner may read, below one directory. @param top the name of that
 * @throws ReasonedError FileExists
 */
export async function writeArchive(
  path: string,
  top: string,
  files: ReadonlyMap<string, string>,
  exec: Exec = runCommand,
): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'k8slab-diagnose-'));
  try {
    for (const [name, text] of files) {
      const file = join(work, top, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text, { mode: 0o600 });
    }
    const packed = join(work, 'packed');
    await writeFile(packed, '', { mode: 0o600 });
    const owner = ['--owner=root:0', '--group=root:0'];
    await exec(
      ['tar', '--create', '--gzip', `--file=${packed}`, `--directory=${work}`, ...owner, '--', top],
      {
        deadlineMs: DEADLINE_MS,
      },
    );
    await copyFile(packed, path, constants.COPYFILE_EXCL);
    await chmod(path, 0o600);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw fileExists(path, error);
    throw await ioError('write archive', path, error);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

export function fileExists(path: string, cause?: unknown): ReasonedError {
  const hint = 'name another one by -o';
  return new ReasonedError('FileExists', `cannot write "${path}": there is such a file`, { cause, hint });
}
