import { createHash } from 'node:crypto';
import ssh2 from 'ssh2';
import { ReasonedError } from '../../api/errors.ts';
import type { SshTarget } from './types.ts';

/** `SHA256:…` of a public key line, as ssh-keygen prints it. Reason: InvalidKey. */
export function fingerprint(publicKeyLine: string): string {
  return fingerprintOf(parsePublicKey(publicKeyLine).blob);
}

export interface HostKeys {
  /** What may be negotiated: the algorithms of the keys that are known, and no other. */
  algorithms: ssh2.ServerHostKeyAlgorithm[];
  /** Whether the key that the guest shows is one of them. */
  accept(blob: Buffer): boolean;
  /** Once a key was refused, or none of the known types offered: why the guest is not trusted. */
  mismatch(failure?: Error): ReasonedError | undefined;
}

/** Watches over the host key of one connection. */
export function expectHostKeys({ address, hostKeys }: SshTarget): HostKeys {
  const known = hostKeys.map((line) => parsePublicKey(line));
  const expected = known.map(({ blob }) => fingerprintOf(blob)).join(' or ');
  let refused: Buffer | undefined;
  return {
    algorithms: known.flatMap(({ type }) => algorithmsOf(type)),
    accept: (blob) => {
      const accepted = known.some((key) => key.blob.equals(blob));
      if (!accepted) refused = blob;
      return accepted;
    },
    mismatch: (failure) => {
      const offersNone = failure?.message.includes('no matching host key') === true;
      if (refused === undefined && !offersNone) return undefined;
      const shown =
        refused === undefined ? `no key of the types known` : `host key ${fingerprintOf(refused)}`;
      return new ReasonedError(
        'HostKeyMismatch',
        `cannot trust guest "${address}": it shows ${shown}, not ${expected}`,
        {
          cause: failure,
          hint: 'another machine answers at this address, or its host key was changed',
        },
      );
    },
  };
}

function parsePublicKey(line: string): { type: string; blob: Buffer } {
  const key = ssh2.utils.parseKey(line);
  if (key instanceof Error) {
    throw new ReasonedError('InvalidKey', `cannot read public key "${line.slice(0, 40)}": ${key.message}`, {
      cause: key,
    });
  }
  return { type: key.type, blob: key.getPublicSSH() };
}

function fingerprintOf(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replaceAll('=', '')}`;
}

/** RSA keys sign with SHA-2; the old way is not offered. */
function algorithmsOf(type: string): ssh2.ServerHostKeyAlgorithm[] {
  return type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [type as ssh2.ServerHostKeyAlgorithm];
}
