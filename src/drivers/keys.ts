import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import ssh2 from 'ssh2';
import { ReasonedError } from '../api/errors.ts';
import { createExclusive, readIfExists, removeLeftovers, removeWritten, writeAtomic } from './files.ts';
import { ioError, isMissing } from './io-errors.ts';

export interface KeyPair {
  /** OpenSSH PEM. */
  privateKey: string;
  /** `ssh-ed25519 AAAA… comment`, no line end. */
  publicKey: string;
}

type Generate = (type: 'ed25519', options: { comment: string }) => { private: string; public: string };

const ATTEMPTS = 100;

/** A new ed25519 key pair. */
export function generateKeyPair(
  comment: string,
  generate: Generate = ssh2.utils.generateKeyPairSync,
): KeyPair {
  // ssh2 1.17 drops leading zero bytes of the public key, so that one pair in 256 is malformed (its issue 1390).
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const pair = generate('ed25519', { comment });
    const key = ssh2.utils.parseKey(pair.private);
    if (key instanceof Error || ssh2.utils.parseKey(pair.public) instanceof Error) continue;
    return { privateKey: pair.private, publicKey: pair.public };
  }
  throw new ReasonedError(
    'InvalidKey',
    `cannot generate key "${comment}": ${ATTEMPTS} malformed ones in a row`,
  );
}

/** The public key line of a private key; a reason why there is none as an Error. */
function publicLine(privateKey: string): string | Error {
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error) return key;
  if (!key.isPrivateKey()) return new Error('it holds no private key');
  return `${key.type} ${key.getPublicSSH().toString('base64')} ${key.comment}`.trim();
}

/**
 * The key pair at `path` (0600) and `path.pub`, made when there is none; a file that is there is never replaced.
 * Reasons: InsecurePermissions, InvalidKey, those of file operations.
 */
export async function ensureIdentity(path: string, comment: string): Promise<KeyPair> {
  const found = await readPair(path);
  if (found !== undefined) return found;
  const pair = generateKeyPair(comment);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw await ioError('make directory', dirname(path), error);
  }
  if (await createExclusive(path, ensureLineEnd(pair.privateKey), 0o600)) {
    await writeAtomic(`${path}.pub`, `${pair.publicKey}\n`, { mode: 0o644 });
  }
  return (await readPair(path)) ?? pair;
}

/** The guest's host key, `DIR/NODE_ed25519`, made when there is none. Reasons as ensureIdentity. */
export function ensureHostKey(dir: string, node: string): Promise<KeyPair> {
  return ensureIdentity(join(dir, `${node}_ed25519`), node);
}

export async function hasHostKey(dir: string, node: string): Promise<boolean> {
  return (await readIfExists(join(dir, `${node}_ed25519`))) !== undefined;
}

/** Removes what ensureHostKey made; missing files are success. */
export async function removeHostKey(dir: string, node: string): Promise<void> {
  // The private key last: as long as it is there, there is something to remove.
  await removeWritten(join(dir, `${node}_ed25519.pub`));
  await removeWritten(join(dir, `${node}_ed25519`));
}

async function readPair(path: string): Promise<KeyPair | undefined> {
  const privateKey = await readPrivate(path);
  if (privateKey === undefined) return undefined;
  const line = publicLine(privateKey);
  if (line instanceof Error) throw invalidKey(path, line);
  const kept = await readIfExists(`${path}.pub`);
  if (kept === undefined) {
    // A run that was killed while it wrote the private key has left it under another name too.
    await removeLeftovers(path);
    await writeAtomic(`${path}.pub`, `${line}\n`, { mode: 0o644 });
    return { privateKey, publicKey: line };
  }
  const [type, blob] = kept.trim().split(/\s+/);
  if (`${type} ${blob}` !== line.split(' ', 2).join(' ')) {
    throw invalidKey(`${path}.pub`, new Error(`it is not the public key of ${path}`));
  }
  return { privateKey, publicKey: kept.trim() };
}

async function readPrivate(path: string): Promise<string | undefined> {
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, '0');
      throw new ReasonedError(
        'InsecurePermissions',
        `cannot use key "${path}": its mode ${octal} lets others read it`,
        {
          hint: `chmod 600 ${path}, or replace the key if others may have read it`,
        },
      );
    }
    return await readIfExists(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw await ioError('read key', path, error);
  }
}

function invalidKey(path: string, cause: Error): ReasonedError {
  return new ReasonedError('InvalidKey', `cannot use key "${path}": ${cause.message}`, {
    cause,
    hint: 'restore the file, or move it away to have a new one made',
  });
}

function ensureLineEnd(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}
