import type { DomainModel } from '../libvirt/domain.ts';
import type { Plan, PlannedStep } from '../disruption/action.ts';
import { step, type Cost } from '../disruption/step.ts';
import type { Waiting } from '../disruption/waiting.ts';
import type { NodeAction } from './actions.ts';
import { planMove, planRelease } from './plan-address.ts';
import { withinForeignParts } from './foreign-parts.ts';
import { DISCARD_COPY, missingBacking, missingDisk, shrinkRefusal } from './pending-disk.ts';
import { pendingOf, restartFields } from './pending.ts';
import { planUpkeep } from './plan-definition.ts';
import { gated, planAskedRestart, planPendingRestart, planPowerOff, planRestart } from './plan-stop.ts';
import type { DesiredNode, DomainState, ObservedNode } from './observed.ts';

export type { Dependency, DesiredNode, DomainState, ObservedNode } from './observed.ts';

type CreateDisk = Extract<NodeAction, { type: 'CreateDisk' }>;

/** What makes the guest as desired: disk, seed, definition, start, each only when what it needs is there. */
export function planNode(desired: DesiredNode, observed: ObservedNode): Plan<NodeAction> {
  const plan = planGuest(desired, observed);
  const { leftover, copying } = observed;
  if (leftover !== true || copying !== undefined) return plan;
  return { ...plan, actions: [DISCARD_COPY, ...plan.actions] };
}

function planGuest(desired: DesiredNode, observed: ObservedNode): Plan<NodeAction> {
  const conflict = findConflict(desired, observed);
  if (conflict !== undefined) return { actions: [], waiting: conflict };
  if (observed.domain !== undefined) {
    const { desired: kept, refused } = withinForeignParts(desired, observed.domain.config);
    return planExisting(kept, observed, { state: observed.domain.state, refused });
  }
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
  const made = [...disk, ...define(desired)];
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
  const absent = domain?.adopting === true ? absentNic(desired, domain.config.model) : undefined;
  if (absent !== undefined) {
    const message = `libvirt's domain "${desired.name}" has no NIC ${absent.mac} on the network ${absent.network}`;
    return { reason: 'Conflict', message };
  }
  if (macHolder !== undefined) {
    const message = `domain "${macHolder.domain}" already has the MAC address ${macHolder.mac}`;
    return { reason: 'MACInUse', message };
  }
  const shared = sharedDisk(observed);
  if (shared !== undefined) return { reason: 'Conflict', message: shared };
  if (domain === undefined && disk.exists && !disk.ours && desired.spec.disk.path === undefined) {
    const message = `${disk.path} exists and is not marked as made by k8slab; move it away, or name it as disk.path`;
    return { reason: 'DiskNotOurs', message };
  }
  return domain === undefined ? missingBacking(desired, observed) : undefined;
}

/** Why a guest that writes to the disk would destroy those of others; undefined where none is known. */
function sharedDisk({ disk: { path }, diskHolder, storedImage }: ObservedNode): string | undefined {
  if (diskHolder !== undefined) {
    return (
      `disk ${path} is that of Node "${diskHolder}" or what it stands on, and two guests would destroy it; ` +
      `give this one another disk.path, or a copy by disk.cloneOf: ${diskHolder}`
    );
  }
  if (storedImage !== true) return undefined;
  return (
    `disk ${path} is in k8slab's store of images, and writing to it would destroy the disks of the guests that stand ` +
    'on it; name its Image by disk.image, or copy the file to another directory'
  );
}

/** What a manifest of a guest of others names wrong is not added to it. */
function absentNic(
  { definition }: DesiredNode,
  { interfaces }: DomainModel,
): { network: string; mac: string } | undefined {
  return definition?.interfaces.find(
    ({ network, mac }) => !interfaces.some((nic) => nic.mac === mac && nic.network === network),
  );
}

function planExisting(
  desired: DesiredNode,
  observed: ObservedNode,
  { state, refused }: { readonly state: DomainState; readonly refused: readonly string[] },
): Plan<NodeAction> {
  const { networks } = observed;
  const { actions, drifted, unwritten } = planUpkeep(desired, observed);
  const restart = restartFields(desired, observed).filter((field) => !unwritten.includes(field));
  const shrink = shrinkRefusal(desired, observed);
  const told: Waiting[] = [
    ...drifted.map((message): Waiting => ({ reason: 'Drifted', message })),
    ...(shrink === undefined ? [] : [{ reason: 'DiskShrinkRefused' as const, message: shrink }]),
  ];
  const next = planPower(desired, observed, { state, restart });
  const waiting = next.waiting ?? (isOff(state) ? missingDisk(desired, observed) : undefined) ?? told[0];
  const pending = pendingOf(desired, observed, { restart, drifted, refused }, waiting);
  // What the networks refuse is not known well enough to define anything by.
  const upkeep = networks.state === 'waiting' ? [] : actions;
  return {
    ...next,
    actions: [...upkeep, ...next.actions],
    ...(waiting === undefined ? {} : { waiting }),
    ...(pending.length === 0 ? {} : { pending }),
  };
}

function planPower(
  desired: DesiredNode,
  observed: ObservedNode,
  { state, restart }: { readonly state: DomainState; readonly restart: readonly string[] },
): Plan<NodeAction> {
  if (desired.spec.power === 'Stopped') return planPowerOff(desired, observed, 'power is Stopped');
  const { networks } = observed;
  if (networks.state === 'waiting') {
    const later = planMove(desired, observed)?.actions ?? [];
    const waiting: Waiting = { reason: networks.reason, message: networks.message };
    return { actions: [], waiting, ...(later.length === 0 ? {} : { later }) };
  }
  if (isOff(state)) {
    const missing = missingDisk(desired, observed);
    if (missing !== undefined) return { actions: [], waiting: missing };
    const reason = `the guest is ${state} and shall run`;
    if (observed.asked !== undefined) return planStart(observed, `the guest is ${state}; ${ASKED}`);
    if (!observed.ran) return planStart(observed, reason);
    if (desired.spec.policy.drift === 'Report')
      return { actions: [], waiting: { reason: 'Drifted', message: leftOff(desired, reason) } };
    return planStart(observed, reason, { drift: true });
  }
  if (state !== 'running' && state !== 'inshutdown') return { actions: [] };
  const wanted =
    planAskedRestart(desired, observed) ??
    planMove(desired, observed) ??
    planPendingRestart(desired, observed, restart);
  // What was begun is brought to its end.
  if (observed.stoppingSeconds !== undefined && wanted !== undefined)
    return planRestart(desired, observed, 'the guest restarts');
  return wanted === undefined || state === 'inshutdown' ? { actions: [] } : gated(wanted, observed);
}

const ASKED = 'a person asked for it to run';

function leftOff({ name }: DesiredNode, reason: string): string {
  return `${reason}; policy.drift is Report; to start it: k8slab start ${name}`;
}

function isOff(state: DomainState): boolean {
  return state === 'shutoff' || state === 'crashed';
}

function planDisk(desired: DesiredNode, observed: ObservedNode): CreateDisk[] {
  const { disk } = observed.source.state === 'ready' ? observed.source : {};
  if (disk === undefined || (observed.disk.exists && observed.disk.whole)) return [];
  const origin = disk.from === 'image' ? 'an overlay of the image' : `a copy of the disk of ${disk.node}`;
  const size = desired.diskSize === undefined ? {} : { size: desired.diskSize };
  return [step('none', `${NO_DISK}; made as ${origin}`, { type: 'CreateDisk', source: disk, ...size })];
}

/** A new guest always gets a new seed: it costs nothing, and an old one may hold another host key. */
function define({ spec }: DesiredNode): NodeAction[] {
  const autostart = spec.power === 'Running' ? { autostart: true as const } : {};
  return [
    step('none', NO_SEED, { type: 'WriteSeed' }),
    step('none', NOT_DEFINED, { type: 'DefineDomain', ...autostart }),
  ];
}

const SEED_GONE: NodeAction = step('none', 'the seed that the definition names is gone', {
  type: 'WriteSeed',
});

function planStart(observed: ObservedNode, reason: string, cost: Cost = {}): Plan<NodeAction> {
  const release = planRelease(observed);
  if (release.waiting !== undefined) return release;
  if (observed.startBackoffSeconds > 0) {
    if (observed.startFailure !== undefined) {
      const message = `${observed.startFailure}; it is tried again, less and less often`;
      return { actions: [], waiting: { reason: 'StartFailed', message } };
    }
    const message = `the guest stopped soon after its last start; next try in ${observed.startBackoffSeconds} s`;
    return { actions: [], waiting: { reason: 'StartBackOff', message } };
  }
  if (!observed.bootSlot) {
    return {
      actions: [],
      waiting: { reason: 'BootQueued', message: 'as many guests are booting as may at once' },
    };
  }
  const seed = observed.seedThere === false ? [SEED_GONE] : [];
  return { actions: [...release.actions, ...seed, step('none', reason, { type: 'StartDomain' }, cost)] };
}
