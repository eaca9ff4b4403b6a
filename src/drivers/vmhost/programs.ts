import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { ExecError, exec as runCommand, type Exec } from '../exec.ts';

/** Where a program was found, and what it says of its version. */
export interface Program {
  readonly path: string;
  readonly version: string | undefined;
}

/** root's programs are not in everybody's PATH; Enterprise Linux keeps QEMU out of it. */
const MORE_PLACES = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/libexec'];
const DEADLINE_MS = 10_000;

/** The first of the names that is an executable, by the order of names. */
export async function findProgram(
  names: readonly string[],
  path = process.env['PATH'] ?? '/usr/bin:/bin',
): Promise<string | undefined> {
  for (const name of names) {
    for (const directory of [...path.split(':'), ...MORE_PLACES]) {
      const candidate = join(directory, name);
      const found = await access(candidate, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (directory !== '' && found) return candidate;
    }
  }
  return undefined;
}

/** The first number with a dot in what it prints, on either output and however it ends. */
export async function askVersion(
  argv: readonly string[],
  exec: Exec = runCommand,
): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await exec(argv, { deadlineMs: DEADLINE_MS });
    return versionIn(`${stdout}\n${stderr}`);
  } catch (error) {
    if (error instanceof ExecError) return versionIn(`${error.stdout}\n${error.stderr}`);
    throw error;
  }
}

function versionIn(text: string): string | undefined {
  return /(?<!\d)\d+\.\d[\w.]*/.exec(text)?.[0].replace(/\.$/, '');
}
