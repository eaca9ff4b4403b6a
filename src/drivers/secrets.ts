import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { ReasonedError } from '../api/errors.ts';
import { errnoOf, ioError, isMissing } from './io-errors.ts';

const MAX_BYTES = 1024;

/**
 * The secret in a file that only its owner may read; a line end after it is not part of it.
 * Reasons: SecretNotFound, SecretExposed, SecretInvalid, and those of reading files.
 */
export async function readSecret(path: string): Promise<string> {
  const secret = (await readPrivate(path, MAX_BYTES)).replace(/\r?\n$/, '');
  if (secret === '') throw invalid(path, 'it is empty');
  if (/\p{Cc}/u.test(secret)) throw invalid(path, 'it has control characters in it, or several lines');
  return secret;
}

/** The text of a file that only its owner may read; reasons as above. */
export async function readPrivate(path: string, maxBytes: number): Promise<string> {
  const handle = await openSecret(path);
  try {
    const { mode, uid, size } = await handle.stat();
    const wrong = whyExposed(mode, uid);
    if (wrong !== undefined) {
      const hint = `chown root: ${path} && chmod 600 ${path}`;
      throw new ReasonedError('SecretExposed', `cannot use secret "${path}": ${wrong}`, { hint });
    }
    if (size > maxBytes) throw invalid(path, `it is longer than ${maxBytes} bytes`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

async function openSecret(path: string): ReturnType<typeof open> {
  try {
    // Opening a pipe would wait for its writer.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (!isMissing(error) && errnoOf(error) !== 'ENXIO') throw await ioError('read secret', path, error);
    const hint = `printf %s PASSWORD | install -D -m 600 /dev/stdin ${path}`;
    throw new ReasonedError('SecretNotFound', `cannot read secret "${path}": there is no such file`, {
      cause: error,
      hint,
    });
  }
}

function whyExposed(mode: number, uid: number): string | undefined {
  if ((mode & constants.S_IFMT) !== constants.S_IFREG) return 'it is no regular file';
  if ((mode & 0o077) !== 0) return `others than its owner may use it (mode ${(mode & 0o777).toString(8)})`;
  if (uid !== 0 && uid !== process.getuid?.()) return `it belongs to user ${uid}`;
  return undefined;
}

function invalid(path: string, why: string): ReasonedError {
  return new ReasonedError('SecretInvalid', `cannot use secret "${path}": ${why}`);
}
