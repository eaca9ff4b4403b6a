import { findCondition } from '../api/conditions.ts';
import { waitingFor, type Waiting } from '../api/disruption/waiting.ts';
import type { SshTarget } from '../drivers/ssh.ts';
import type { ObjectStore } from './objects.ts';

/** What was looked for, or why it is not there. */
export type Found<T> = T | { readonly waiting: Waiting };

/** How a Node's guest is reached, as soon as it is up and cloud-init leaves packages alone. */
export function guestTarget(store: ObjectStore, name: string): Found<SshTarget> {
  const node = store.get('Node', name);
  if (node === undefined) return waitFor('NodeNotFound', `Node "${name}" does not exist`);
  const { address, sshHostKey, conditions } = node.status;
  if (node.spec.power === 'Stopped') return waitFor('NodeStopped', `Node "${name}" is to be off`);
  const ssh = findCondition(conditions, 'SSHReachable');
  if (ssh?.status === 'False' && ssh.reason !== 'NotTried')
    return { waiting: waitingFor(ssh.reason, ssh.message) };
  const cloudInit = findCondition(conditions, 'CloudInitDone');
  const settled = cloudInit?.status === 'True' || cloudInit?.reason === 'ProvisioningFailed';
  if (address === undefined || sshHostKey === undefined || ssh?.status !== 'True' || !settled) {
    return waitFor('NodeNotReady', `Node "${name}" is not up yet`);
  }
  return { address, user: node.spec.ssh.user, hostKeys: [sshHostKey] };
}

export function waitFor(reason: Waiting['reason'], message: string): { waiting: Waiting } {
  return { waiting: { reason, message } };
}
