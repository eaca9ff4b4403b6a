import { homedir } from 'node:os';
import { ReasonedError } from '../../api/errors.ts';
import { readIfExists } from '../../drivers/files.ts';
import { parsePublicKeys } from '../../drivers/vmhost/login-keys.ts';

/** @param said a file of public keys, such a key itself, or none @throws ReasonedError BadKey */
export async function publicKeys(said: string): Promise<readonly string[]> {
  if (said === 'none') return [];
  const given = parsePublicKeys(said);
  if (given.length > 0) return given;
  const text = await readIfExists(said.replace(/^~(?=\/)/, homedir()));
  if (text === undefined) throw badKey(said, 'there is no such file', 'ssh-keygen -t ed25519 makes a key');
  if (text.includes('PRIVATE KEY')) throw badKey(said, 'it is a private key', `name ${said}.pub`);
  const keys = parsePublicKeys(text);
  if (keys.length === 0)
    throw badKey(said, 'there is no public key in it', 'name a file such as ~/.ssh/id_ed25519.pub');
  return keys;
}

function badKey(path: string, why: string, hint: string): ReasonedError {
  return new ReasonedError('BadKey', `cannot read public key "${path}": ${why}`, { hint });
}
