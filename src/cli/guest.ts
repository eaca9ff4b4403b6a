import { ReasonedError } from '../api/errors.ts';
import type { ObjectOf } from '../api/meta.ts';
import type { Client } from './client.ts';

/** A guest as one logs in to it. */
export interface Guest {
  readonly node: string;
  readonly address: string;
  readonly user: string;
  /** `ssh-ed25519 AAAA…`; undefined: an adopted guest whose key k8slab does not know. */
  readonly hostKey?: string;
}

/** `node/master00` is what other commands print. */
export function nodeName(word: string): string {
  return word.replace(/^(nodes?|kn)(\.k8slab\.io)?\//, '');
}

/** @throws ReasonedError NotFound, NotRunning, NoAddress */
export async function fetchGuest(client: Client, word: string): Promise<Guest> {
  const name = nodeName(word);
  const { spec, status } = (await client.get(`nodes/${encodeURIComponent(name)}`)) as ObjectOf<'Node'>;
  const { state, address, sshHostKey } = status;
  if (state !== undefined && state !== 'running')
    throw refusal(name, 'NotRunning', `the guest is ${state}`, `k8slab start ${name}`);
  if (address === undefined)
    throw refusal(name, 'NoAddress', 'it has no address yet', `k8slab get node/${name}`);
  const key = sshHostKey === undefined ? {} : { hostKey: sshHostKey };
  return { node: name, address, user: spec.ssh.user, ...key };
}

function refusal(name: string, reason: string, why: string, hint: string): ReasonedError {
  return new ReasonedError(reason, `cannot reach Node "${name}": ${why}`, { hint });
}
