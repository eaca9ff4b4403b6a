import { condition, isTrue, READY } from '../conditions.ts';
import type { ConditionInput } from '../meta.ts';
import type { DesiredNode, ObservedNode } from './plan.ts';
import type { Plan } from '../disruption/action.ts';
import { blocksReady, synced } from '../disruption/waiting.ts';
import { isLeftAlone } from '../ipam/names.ts';
import { isAdopted } from './adopt.ts';
import { adoptedConditions, isOptional, trusting } from './status-adopted.ts';
import { addressAgreed, dnsAgrees, list } from './agreement.ts';
import { isBooting } from './plan-stop.ts';
import type { NodeProbes } from './probes.ts';
import type { NodeStatus } from './object.ts';
import type { NetworkEntry } from '../ipam/entry.ts';

export type { CloudInitResult, NodeProbes } from './probes.ts';

/** The steps a person would ask for, each a condition, and Ready when all of them are True. */
export function nodeConditions(
  desired: DesiredNode,
  observed: ObservedNode,
  plan: Plan,
  probes: NodeProbes,
): ConditionInput[] {
  const steps = [
    definedCondition(observed),
    runningCondition(desired, observed),
    ...(desired.spec.power === 'Stopped' ? [] : guestConditions(desired, observed, probes)),
    ...(plan.pending ?? []).map(({ type, reason, message }) => condition(type, 'True', reason, message)),
  ];
  return [ready(desired, plan, steps), synced(plan.waiting), ...steps];
}

function definedCondition(observed: ObservedNode): ConditionInput {
  if (observed.domain === undefined)
    return condition('Defined', 'False', 'NotDefined', 'libvirt has no domain of this name');
  return condition('Defined', 'True', 'Defined');
}

function runningCondition(desired: DesiredNode, observed: ObservedNode): ConditionInput {
  const state = observed.domain?.state ?? 'not defined';
  if (state === 'running') return condition('Running', 'True', 'Running');
  const reason = desired.spec.power === 'Stopped' ? 'Stopped' : 'NotRunning';
  return condition('Running', 'False', reason, `the guest is ${state}`);
}

function guestConditions(desired: DesiredNode, observed: ObservedNode, probes: NodeProbes): ConditionInput[] {
  if (isAdopted(desired.spec, observed.domain?.config)) {
    const seen = trusting(desired.spec, probes);
    return adoptedConditions(desired.spec, {
      running: observed.domain?.state === 'running',
      addressBound: addressBound(desired, observed, probes),
      nameResolved: nameResolved(probes),
      sshReachable: sshReachable(probes),
      addressAgreed: addressAgreed(observed.addresses[0], seen),
    });
  }
  if (observed.domain?.state !== 'running') {
    const types = ['AddressBound', 'NameResolved', 'SSHReachable', 'CloudInitDone', 'AddressAgreed'];
    return types.map((type) => condition(type, 'Unknown', 'NotRunning', 'the guest does not run'));
  }
  return [
    addressBound(desired, observed, probes),
    nameResolved(probes),
    sshReachable(probes),
    cloudInitDone(probes),
    addressAgreed(observed.addresses[0], probes),
  ];
}

function addressBound({ spec }: DesiredNode, observed: ObservedNode, probes: NodeProbes): ConditionInput {
  const { address, leasedAddress } = probes;
  if (address === undefined) return condition('AddressBound', 'False', 'NoAddress', noAddressMessage(spec));
  if (leasedAddress === address || probes.ssh?.ok === true)
    return condition('AddressBound', 'True', 'Bound', address);
  if (leasedAddress !== undefined) {
    const message = `the guest still uses ${leasedAddress} instead of ${address}`;
    return condition('AddressBound', 'False', 'OtherAddress', message);
  }
  return condition('AddressBound', 'False', 'NoLease', noLeaseMessage(observed, probes));
}

function noAddressMessage({ policy, networks }: DesiredNode['spec']): string {
  const [attachment] = networks;
  if (attachment === undefined || !isLeftAlone({ policy }, attachment)) return 'no address is reserved yet';
  return 'policy.adopt is set, and the manifest names no address; k8slab made this guest: leave policy.adopt out';
}

function noLeaseMessage(observed: ObservedNode, { address }: NodeProbes): string {
  const { bootingSeconds } = observed;
  const message = `the guest has not asked for ${address ?? 'its address'} yet`;
  if (isBooting(observed)) return message;
  const minutes =
    bootingSeconds === undefined ? '' : `, ${Math.floor(bootingSeconds / 60)} min after its start`;
  const { name = '', type } = observed.domain?.config.model ?? {};
  const hint = `${message}${minutes}; look at what it prints: k8slab logs ${name}, k8slab console ${name}`;
  if (type !== 'kvm') return hint;
  return `${hint}; a /dev/kvm that opens but boots no guest is a known cause, domainType: qemu avoids it`;
}

function nameResolved(probes: NodeProbes): ConditionInput {
  const { dns, dnsFailure, address, fqdn } = probes;
  if (dnsFailure !== undefined)
    return condition('NameResolved', 'Unknown', dnsFailure.reason, dnsFailure.message);
  if (dns === undefined || address === undefined || fqdn === undefined) {
    return condition('NameResolved', 'Unknown', 'NotAsked', "the network's DNS has not answered yet");
  }
  const { forward, reverse } = dnsAgrees(dns, { fqdn, address });
  if (forward && reverse)
    return condition('NameResolved', 'True', 'Resolved', `${fqdn} is ${address}, both ways`);
  const message = `DNS says ${fqdn} is ${list(dns.addresses)} and ${address} is ${list(dns.names)}`;
  return condition('NameResolved', 'False', forward ? 'ReverseDiffers' : 'ForwardDiffers', message);
}

function sshReachable(probes: NodeProbes): ConditionInput {
  const { ssh } = probes;
  if (ssh === undefined)
    return condition('SSHReachable', 'False', 'NotTried', 'the guest has no address yet');
  return condition('SSHReachable', ssh.ok ? 'True' : 'False', ssh.reason, ssh.message);
}

function cloudInitDone(probes: NodeProbes): ConditionInput {
  const { cloudInit } = probes;
  if (cloudInit === undefined)
    return condition('CloudInitDone', 'Unknown', 'NotAsked', 'ssh does not answer yet');
  if (!cloudInit.done) return condition('CloudInitDone', 'False', 'InProgress', cloudInit.detail);
  if (cloudInit.errors.length === 0) return condition('CloudInitDone', 'True', 'Done');
  return condition('CloudInitDone', 'False', 'ProvisioningFailed', cloudInit.errors.join('; '));
}

const NEEDED = [
  'Defined',
  'Running',
  'AddressBound',
  'NameResolved',
  'SSHReachable',
  'CloudInitDone',
  'AddressAgreed',
];
function holdsBack(found: ConditionInput | undefined): boolean {
  return found?.status !== 'True' && !isOptional(found);
}

function ready(desired: DesiredNode, plan: Plan, steps: readonly ConditionInput[]): ConditionInput {
  const { waiting } = plan;
  if (waiting !== undefined && blocksReady(waiting))
    return condition(READY, 'False', waiting.reason, waiting.message);
  if (desired.spec.power === 'Stopped') {
    const stopped = !isTrue(steps, 'Running');
    return condition(READY, stopped ? 'True' : 'False', stopped ? 'Stopped' : 'Stopping');
  }
  const missing = NEEDED.map((type) => steps.find((c) => c.type === type)).find(holdsBack);
  if (missing === undefined) return condition(READY, 'True', 'Ready');
  // Others of its role must be able to tell that it waits for them.
  if (waiting?.reason === 'RolloutWaiting') return condition(READY, 'False', waiting.reason, waiting.message);
  return condition(READY, 'False', missing.reason, missing.message);
}

/** What a Node's status says of its entry on its first network. */
export function entryStatus(entry: NetworkEntry): Partial<NodeStatus> {
  const [fqdn = entry.node, ...aliases] = entry.hostnames;
  const podCIDR = entry.podCIDR === undefined ? {} : { podCIDR: entry.podCIDR };
  return { address: entry.ip, mac: entry.mac, fqdn, aliases, ...podCIDR };
}
