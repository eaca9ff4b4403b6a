import { condition } from '../conditions.ts';
import type { NodeSpec } from './spec.ts';
import type { ConditionInput } from '../meta.ts';
import { isLeftAlone } from '../ipam/names.ts';
import type { NodeProbes } from './probes.ts';

/** What was seen of a guest that others made, as it would be said of one of ours. */
export interface AdoptedFindings {
  readonly running: boolean;
  readonly addressBound: ConditionInput;
  readonly nameResolved: ConditionInput;
  readonly sshReachable: ConditionInput;
  readonly addressAgreed: ConditionInput;
}

/** What ssh says does not count where no key is pinned, nor where the guest shows the pinned one and lets nobody in. */
export function trusting(spec: NodeSpec, probes: NodeProbes): NodeProbes {
  const { ssh } = probes;
  if (spec.ssh.hostKey !== undefined && ssh?.reason !== REFUSED) return probes;
  return { ...probes, ssh: { ok: true, reason: '', message: '' } };
}

const NOT_MANAGED = 'NotManaged';
const NOT_PINNED = 'NotPinned';
const NOT_AUTHORIZED = 'KeyNotAuthorized';
/** What the driver says when the guest takes none of our keys: by then it has shown its own. */
const REFUSED = 'AuthenticationFailed';

/** The conditions of a guest that others made: only what its manifest names is asked for. */
export function adoptedConditions(spec: NodeSpec, found: AdoptedFindings): ConditionInput[] {
  const [attachment] = spec.networks;
  const named = attachment !== undefined && !isLeftAlone(spec, attachment);
  const network = named
    ? [bound(found), found.nameResolved, found.addressAgreed]
    : ['AddressBound', 'NameResolved', 'AddressAgreed'].map(notManaged);
  return [...network.map((each) => onlyRunning(found, each)), ssh(spec, found), notManaged('CloudInitDone')];
}

/** Whether Ready does not depend on it: nobody asked for it, or it is the business of those who made the guest. */
export function isOptional(found: ConditionInput | undefined): boolean {
  return found !== undefined && [NOT_MANAGED, NOT_PINNED, NOT_AUTHORIZED].includes(found.reason);
}

function notManaged(type: string): ConditionInput {
  const message =
    type === 'CloudInitDone'
      ? 'the guest was made by others'
      : 'the manifest names no address on its network';
  return condition(type, 'Unknown', NOT_MANAGED, message);
}

function onlyRunning({ running }: AdoptedFindings, found: ConditionInput): ConditionInput {
  if (running || found.reason === NOT_MANAGED) return found;
  return condition(found.type, 'Unknown', 'NotRunning', 'the guest does not run');
}

/** Who shows the pinned key at the address has it, whether he lets us in or not. */
function bound({ addressBound, sshReachable }: AdoptedFindings): ConditionInput {
  if (addressBound.reason !== 'NoLease' || sshReachable.reason !== REFUSED) return addressBound;
  return condition('AddressBound', 'True', 'Bound', 'the guest answers there with its host key');
}

function ssh(spec: NodeSpec, found: AdoptedFindings): ConditionInput {
  const { sshReachable } = found;
  if (spec.ssh.hostKey === undefined) {
    const message = 'spec.ssh.hostKey pins no key for it, and none is trusted on first use';
    return condition('SSHReachable', 'Unknown', NOT_PINNED, message);
  }
  if (sshReachable.reason !== REFUSED) return onlyRunning(found, sshReachable);
  const message = `the guest shows its host key, but does not let k8slab in; its ~${spec.ssh.user}/.ssh/authorized_keys needs k8slab's public key`;
  return condition('SSHReachable', 'False', NOT_AUTHORIZED, message);
}
