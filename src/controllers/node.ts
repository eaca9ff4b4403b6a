import type { NodeStatus } from '../api/objects.ts';
import { isTrue, READY } from '../api/conditions.ts';
import { ReasonedError } from '../api/errors.ts';
import type { NodeAction } from '../api/plan/action.ts';
import { planNode, type ObservedNode } from '../api/plan/node.ts';
import { attachmentMac } from '../api/names.ts';
import { isAdopted } from '../api/adopt/node.ts';
import { primaryEntry, type NodeNetworks } from '../api/plan/desire-node.ts';
import { nodeConditions, type NodeProbes } from '../api/status/node.ts';
import type { ObjectOf } from './objects.ts';
import type { Look, Reconciler } from './pass.ts';
import { createDisk, defineDomain, writeSeed } from './node-make.ts';
import { observeNode, type NodeDeps, type NodeExtra } from './node-observe.ts';
import { probeLease, probeNode } from './node-probes.ts';

type NodeLook = Look<'Node', NodeAction, NodeExtra>;

/** How soon to look again at what nobody tells us about: a guest on its way, a back-off, the queue for booting. */
const SOON_MS = 1000;
const LATER_MS = 30_000;
/** Of a guest that this daemon did not start nobody knows how far it is. */
const UNKNOWN_SECONDS = 300;

/** Makes each guest and keeps it running: disk, seed, definition, start, and what is seen of it from outside. */
export function createNodeReconciler(deps: NodeDeps): Reconciler<'Node', NodeAction, NodeExtra> {
  return {
    kind: 'Node',
    async look(object, signal) {
      const extra = await observeNode(deps, object);
      const plan = planNode(extra.desire.desired, extra.observed);
      const probes = await probe(deps, object, extra, signal);
      const conditions = nodeConditions(extra.desire.desired, extra.observed, plan, probes);
      const ready = isTrue(conditions, READY);
      remember(deps, object.metadata.name, extra.observed, ready);
      const again = ready ? undefined : nextLook(plan.waiting?.reason, probes.bootingSeconds);
      return {
        plan,
        conditions,
        fields: fields(object, extra, probes),
        extra,
        ...(again === undefined ? {} : { again }),
      };
    },
    claim: (action, object) => action.type !== 'StartDomain' || deps.boots.take(object.metadata.name),
    async execute(action, look, object) {
      await execute(deps, action, look, object);
      deps.domains.invalidate();
    },
  };
}

/** A guest is looked at less and less often the longer it takes; others wait for what tells of itself. */
function nextLook(waitingFor: string | undefined, bootingSeconds = UNKNOWN_SECONDS): number | undefined {
  if (waitingFor === 'StartBackOff' || waitingFor === 'BootQueued') return SOON_MS;
  if (waitingFor === 'ShuttingDown') return LATER_MS;
  if (waitingFor !== undefined) return undefined;
  return Math.min(LATER_MS, Math.max(SOON_MS, bootingSeconds * 20));
}

async function probe(
  deps: NodeDeps,
  object: ObjectOf<'Node'>,
  { networks, observed }: NodeExtra,
  signal: AbortSignal,
): Promise<NodeProbes> {
  const [attachment] = object.spec.networks;
  const network = attachment && deps.store.get('Network', attachment.network)?.status;
  if (observed.domain?.state !== 'running' || attachment === undefined) return {};
  if (network?.bridge === undefined || network.gateway === undefined) return {};
  const entry = primaryEntry(object, networks);
  if (entry === undefined) {
    return probeLease(deps, network.bridge, attachmentMac(object.metadata.name, attachment));
  }
  const hostKey = hostKeyOf(object, observed);
  const bootingSeconds = deps.boots.bootingSeconds(object.metadata.name);
  const target = {
    entry,
    bridge: network.bridge,
    gateway: network.gateway,
    user: object.spec.ssh.user,
    ...(hostKey === undefined ? {} : { hostKey }),
    ...(bootingSeconds === undefined ? {} : { bootingSeconds }),
  };
  return probeNode(deps, target, signal);
}

/** The key that the guest shows: the one it was given, or the one that the manifest pins for a guest of others. */
function hostKeyOf({ spec }: ObjectOf<'Node'>, { domain }: ObservedNode): string | undefined {
  if (domain === undefined) return undefined;
  const given = domain.config.model.mark?.hostKey;
  return isAdopted(spec, domain.config) ? spec.ssh.hostKey : given;
}

function remember(deps: NodeDeps, name: string, observed: ObservedNode, ready: boolean): void {
  if (ready) deps.boots.arrived(name);
  else if (observed.domain !== undefined && observed.domain.state !== 'running') deps.boots.stopped(name);
}

function fields(
  object: ObjectOf<'Node'>,
  { networks, observed }: NodeExtra,
  { leasedAddress }: NodeProbes,
): Omit<NodeStatus, 'conditions'> {
  const entry = primaryEntry(object, networks);
  const leased = leasedAddress === undefined ? {} : { address: leasedAddress };
  const model = observed.domain?.config.model;
  const hostKey = hostKeyOf(object, observed);
  return {
    ...(observed.domain === undefined ? {} : { state: observed.domain.state }),
    ...(entry === undefined ? leased : entryFields(entry)),
    ...(observed.disk.exists ? { disk: observed.disk.path } : {}),
    ...(model === undefined ? {} : { domainType: model.type }),
    ...(hostKey === undefined ? {} : { sshHostKey: hostKey }),
  };
}

function entryFields(entry: NodeNetworks['entries'][number]): Partial<NodeStatus> {
  const [fqdn = entry.node, ...aliases] = entry.hostnames;
  const podCIDR = entry.podCIDR === undefined ? {} : { podCIDR: entry.podCIDR };
  return { address: entry.ip, mac: entry.mac, fqdn, aliases, ...podCIDR };
}

async function execute(
  deps: NodeDeps,
  action: NodeAction,
  look: NodeLook,
  object: ObjectOf<'Node'>,
): Promise<void> {
  const { name } = object.metadata;
  const { cloudInit } = look.extra.desire;
  switch (action.type) {
    case 'CreateDisk':
      await createDisk(deps, object, action);
      return;
    case 'WriteSeed':
      await writeSeed(deps, needed(name, cloudInit));
      return;
    case 'DefineDomain':
      await defineDomain(deps, object, needed(name, cloudInit), look.extra);
      return;
    case 'StartDomain':
      await deps.libvirt.startDomain(name);
      return;
    case 'ShutdownDomain':
      await deps.libvirt.shutdownDomain(name);
      deps.boots.stopping(name);
  }
}

function needed<T>(name: string, value: T | undefined): T {
  if (value !== undefined) return value;
  throw new ReasonedError(
    'NetworkNotReady',
    `cannot make Node "${name}": its networks have not named it yet`,
  );
}
