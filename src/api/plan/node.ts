import type { NodeSpec } from '../kinds/node.ts';
import type { DomainDocument } from '../libvirt/domain.ts';
import {
  step,
  type DiskSource,
  type NodeAction,
  type Plan,
  type PlannedStep,
  type Waiting,
} from './action.ts';

/** A Node as it shall be, with what its networks gave it. */
export interface DesiredNode {
  readonly name: string;
  readonly spec: NodeSpec;
  /** Undefined while its networks have not told its name and addresses. */
  readonly cloudInitHash?: string;
  /** Bytes; undefined: as large as its source. */
  readonly diskSize?: number;
}

/** What the Node needs from other objects before it can be made. */
export type Dependency =
  | { readonly state: 'ready' }
  | { readonly state: 'waiting'; readonly reason: string; readonly message: string };

export type DomainState =
  'running' | 'shutoff' | 'paused' | 'crashed' | 'inshutdown' | 'pmsuspended' | 'unknown';

export interface ObservedNode {
  /** The networks' reservations and names for it, and the Image or Node its disk comes from. */
  readonly networks: Dependency;
  /** What libvirt offers on the vmhost. */
  readonly host: Dependency;
  readonly source: Dependency & { readonly disk?: DiskSource };
  readonly domain?: { readonly state: DomainState; readonly config: DomainDocument };
  readonly disk: {
    readonly path: string;
    readonly exists: boolean;
    readonly ours: boolean;
    readonly whole: boolean;
  };
  /** How far the copy has come that is being made of another Node's disk. */
  readonly copying?: Waiting;
  /** Another domain that has one of the MAC addresses. */
  readonly macHolder?: { readonly domain: string; readonly mac: string };
  /** False while as many guests boot as may at once. */
  readonly bootSlot: boolean;
  /** Seconds until the next start may be tried, after starts that did not last. */
  readonly startBackoffSeconds: number;
  /** Since it was asked to shut down; undefined when it was not. */
  readonly stoppingSeconds?: number;
}

type CreateDisk = Extract<NodeAction, { type: 'CreateDisk' }>;

/** What makes the guest as desired: disk, seed, definition, start, each only when what it needs is there. */
export function planNode(desired: DesiredNode, observed: ObservedNode): Plan<NodeAction> {
  const conflict = findConflict(desired, observed);
  if (conflict !== undefined) return { actions: [], waiting: conflict };
  if (observed.domain !== undefined) return planExisting(desired, observed, observed.domain.state);
  const missing = [observed.host, observed.networks, observed.source].find(
    (need) => need.state === 'waiting',
  );
  if (missing?.state === 'waiting') {
    return {
      actions: [],
      waiting: { reason: missing.reason, message: missing.message },
      later: newGuest(desired),
    };
  }
  if (observed.copying !== undefined) {
    return { actions: [], waiting: observed.copying, later: newGuest(desired).slice(1) };
  }
  const disk = planDisk(desired, observed);
  // A copy takes its time beside the passes; the guest is defined once it is there.
  if (disk.some(({ source }) => source.from === 'node')) {
    return { actions: disk, later: newGuest(desired).slice(1) };
  }
  const made = [...disk, ...DEFINE];
  if (desired.spec.power === 'Stopped') return { actions: made };
  const start = planStart(observed, SHALL_RUN);
  return { ...start, actions: [...made, ...start.actions] };
}

/** The steps of a guest whose network or image is not there yet, so that their details are not known. */
function newGuest(desired: DesiredNode): PlannedStep[] {
  const disk = desired.spec.disk.path === undefined ? ([['CreateDisk', NO_DISK]] as const) : [];
  const start = desired.spec.power === 'Stopped' ? [] : ([['StartDomain', SHALL_RUN]] as const);
  const steps = [...disk, ['WriteSeed', NO_SEED] as const, ['DefineDomain', NOT_DEFINED] as const, ...start];
  return steps.map(([type, reason]) => ({ type, disruption: 'none', reason }));
}

const NO_DISK = 'the guest has no disk';
const NO_SEED = 'cloud-init needs a seed for the first boot';
const NOT_DEFINED = 'the domain is not defined';
const SHALL_RUN = 'the guest shall run';

function findConflict(desired: DesiredNode, observed: ObservedNode): Waiting | undefined {
  const { domain, disk, macHolder } = observed;
  const { adopt } = desired.spec.policy;
  if (domain === undefined && adopt) {
    const message = `libvirt has no domain "${desired.name}" to adopt; take policy.adopt out to have a guest made`;
    return { reason: 'DomainNotFound', message };
  }
  if (domain !== undefined && domain.config.model.mark === undefined && !adopt) {
    const message =
      `libvirt has a domain "${desired.name}" that k8slab did not make; "k8slab adopt domain/${desired.name}" ` +
      'writes a manifest that takes it over as it is (policy.adopt); else rename this Node or that domain';
    return { reason: 'Conflict', message };
  }
  if (macHolder !== undefined) {
    const message = `domain "${macHolder.domain}" already has the MAC address ${macHolder.mac}`;
    return { reason: 'MACInUse', message };
  }
  if (domain === undefined && disk.exists && !disk.ours && desired.spec.disk.path === undefined) {
    const message = `${disk.path} exists and is not marked as made by k8slab; move it away, or name it as disk.path`;
    return { reason: 'DiskNotOurs', message };
  }
  return undefined;
}

function planExisting(desired: DesiredNode, observed: ObservedNode, state: DomainState): Plan<NodeAction> {
  if (desired.spec.power === 'Stopped') return planStop(observed, state);
  const { networks } = observed;
  if (networks.state === 'waiting') {
    return { actions: [], waiting: { reason: networks.reason, message: networks.message } };
  }
  if (state !== 'shutoff' && state !== 'crashed') return { actions: [] };
  return planStart(observed, `the guest is ${state} and shall run`);
}

/** Guests miss the request while they boot: it is repeated. */
const ASK_AGAIN_SECONDS = 30;

function planStop({ stoppingSeconds }: ObservedNode, state: DomainState): Plan<NodeAction> {
  if (state === 'shutoff' || state === 'crashed' || state === 'inshutdown') return { actions: [] };
  if (stoppingSeconds !== undefined && stoppingSeconds < ASK_AGAIN_SECONDS) {
    const message = `the guest was asked to shut down and is ${state}`;
    return { actions: [], waiting: { reason: 'ShuttingDown', message } };
  }
  return { actions: [step('restart', 'power is Stopped', { type: 'ShutdownDomain' })] };
}

function planDisk(desired: DesiredNode, observed: ObservedNode): CreateDisk[] {
  const { disk } = observed.source.state === 'ready' ? observed.source : {};
  if (disk === undefined || (observed.disk.exists && observed.disk.whole)) return [];
  const origin = disk.from === 'image' ? 'an overlay of the image' : `a copy of the disk of ${disk.node}`;
  const size = desired.diskSize === undefined ? {} : { size: desired.diskSize };
  return [step('none', `${NO_DISK}; made as ${origin}`, { type: 'CreateDisk', source: disk, ...size })];
}

// A new guest always gets a new seed: it costs nothing, and an old one may hold another host key.
const DEFINE: readonly NodeAction[] = [
  step('none', NO_SEED, { type: 'WriteSeed' }),
  step('none', NOT_DEFINED, { type: 'DefineDomain' }),
];

function planStart(observed: ObservedNode, reason: string): Plan<NodeAction> {
  if (observed.startBackoffSeconds > 0) {
    const message = `the guest stopped soon after its last start; next try in ${observed.startBackoffSeconds} s`;
    return { actions: [], waiting: { reason: 'StartBackOff', message } };
  }
  if (!observed.bootSlot) {
    return {
      actions: [],
      waiting: { reason: 'BootQueued', message: 'as many guests are booting as may at once' },
    };
  }
  return { actions: [step('none', reason, { type: 'StartDomain' })] };
}
