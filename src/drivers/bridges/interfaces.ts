import { readdir, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readIfExists } from '../files.ts';
import { ioError, isMissing } from '../io-errors.ts';

/** Network interfaces as sysfs shows them; an answer about one that is not there is undefined, or none. Errors: IoError. */
export interface Interfaces {
  readonly exists: (name: string) => Promise<boolean>;
  /** The bridge that it is a port of. */
  readonly masterOf: (name: string) => Promise<string | undefined>;
  readonly ports: (bridge: string) => Promise<string[]>;
  /** The text of a file below the interface's directory, such as `brport/state`. */
  readonly attribute: (name: string, path: string) => Promise<string | undefined>;
}

export function readInterfaces(sysDir: string): Interfaces {
  return {
    exists: async (name) => (await orMissing(readlink(join(sysDir, name)))) !== undefined,
    masterOf: (name) => orMissing(readlink(join(sysDir, name, 'master')).then((path) => basename(path))),
    ports: async (bridge) => (await orMissing(readdir(join(sysDir, bridge, 'brif')))) ?? [],
    attribute: async (name, path) => (await readIfExists(join(sysDir, name, path)))?.trim(),
  };
}

async function orMissing<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (isMissing(error) || (error as NodeJS.ErrnoException).code === 'EINVAL') return undefined;
    throw await ioError('read', '/sys/class/net', error);
  }
}
