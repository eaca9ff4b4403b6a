import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isMissing } from '../io-errors.ts';

/** Bytes that the file system of a directory has in all; of the nearest directory above it that is there. */
export async function readRoom(path: string): Promise<number> {
  try {
    const { blocks, bsize } = await statfs(path);
    return blocks * bsize;
  } catch (error) {
    if (!isMissing(error) || path === '/') throw error;
    return readRoom(dirname(path));
  }
}
