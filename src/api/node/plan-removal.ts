import { withoutMark, type Reclaim } from '../ownership/mark.ts';
import { renderXml } from '../xml.ts';
import { shown, type Plan, type PlannedStep } from '../disruption/action.ts';
import { step } from '../disruption/step.ts';
import type { NodeRemovalAction, HeldLease } from './actions.ts';
import { usersUnknown, type FileUser } from '../ownership/in-use.ts';
import { DISCARD_COPY } from './pending-disk.ts';
import { planStop } from './plan-stop.ts';
import type { ObservedNode } from './observed.ts';

/** What is left of a Node whose manifest is gone. */
export interface RemovedNode {
  readonly name: string;
  readonly reclaim: Reclaim;
  readonly domain?: ObservedNode['domain'];
  readonly disk: {
    readonly path: string;
    readonly exists: boolean;
    readonly ours: boolean;
    /** Other files that stand on it, such as external snapshots; known only where it is to be deleted. */
    readonly users: readonly FileUser[];
  };
  /** libvirt saved its memory to disk. */
  readonly saved: boolean;
  /** Leases of its MAC addresses. */
  readonly leases: readonly { readonly network: string; readonly lease: HeldLease }[];
  readonly seed: boolean;
  readonly hostKey: boolean;
  /** Its disk is being copied from another Node's. */
  readonly copying: boolean;
  /** A copy that was broken off has left a part of a disk. */
  readonly leftover: boolean;
  /** The Node that is being made as a copy of it. */
  readonly copiedTo?: string;
  /** Since it was last asked to shut down; undefined when it was not. */
  readonly stoppingSeconds?: number;
  /** Since it was first asked to. */
  readonly downSeconds?: number;
  /** How long a guest may take to shut down. */
  readonly stopSeconds: number;
}

type Removal = Plan<NodeRemovalAction>;

/**
 * Stops the guest, then takes away what was made for it. Disk and seed go before the domain, whose mark is what tells a
 * daemon that was restarted in the middle what there is to do.
 */
export function planNodeRemoval(observed: RemovedNode): Removal {
  if (observed.copying) {
    return { actions: [step('none', 'no disk is needed any more', { type: 'AbortCopy' })] };
  }
  const { gone, ...rest } = planGuest(observed);
  if (!observed.leftover) return gone === true ? GONE : rest;
  return { ...rest, actions: [DISCARD_COPY, ...rest.actions] };
}

function planGuest(observed: RemovedNode): Removal {
  const { domain, name } = observed;
  if (domain === undefined)
    return unlessUnknown(observed) ?? orGone([...planDisk(observed), ...planSeed(observed)]);
  const { mark } = domain.config.model;
  // A domain of that name which others made, or a copy of ours: its files may be what is left of ours.
  if (mark?.name !== name) return GONE;
  if (mark.adopted === true) {
    const xml = renderXml(withoutMark(domain.config.root));
    return { actions: [step('none', 'it was adopted, and stays', { type: 'ReleaseDomain', xml })] };
  }
  if (observed.copiedTo !== undefined) {
    const message = `its disk is being copied for Node "${observed.copiedTo}"`;
    return { actions: [], waiting: { reason: 'CloneInProgress', message }, later: later(observed) };
  }
  if (domain.state !== 'shutoff') {
    const stop = planStop({ ...observed, state: domain.state }, NO_MANIFEST);
    const actions = stop.actions.map((action) => ({ ...action, disruption: 'removal' as const }));
    return { ...stop, actions, later: later(observed).slice(1) };
  }
  if (observed.saved && !deletesDisk(observed)) {
    const reason = 'no manifest; its memory was saved, and may hold what its disk lacks';
    return { actions: [step('none', reason, { type: 'RestoreDomain' })], later: later(observed) };
  }
  return unlessUnknown(observed) ?? { actions: [...planRelease(observed), ...planEnd(observed)] };
}

/** Whether the disk may go has to be known before the domain goes, since nothing comes back to it afterwards. */
function unlessUnknown({ disk, reclaim }: RemovedNode): Removal | undefined {
  if (reclaim !== 'Delete' || !disk.exists || !disk.ours) return undefined;
  if (!disk.users.some(({ unread }) => unread !== undefined)) return undefined;
  return { actions: [], waiting: usersUnknown(disk.path, disk.users) };
}

function deletesDisk({ disk, reclaim }: RemovedNode): boolean {
  return disk.exists && disk.ours && reclaim === 'Delete' && disk.users.length === 0;
}

/** A daemon was killed while it deleted it, or somebody else did. */
function isHalfDeleted({ disk, reclaim }: RemovedNode): boolean {
  return reclaim === 'Delete' && disk.ours && !disk.exists && disk.users.length === 0;
}

const GONE: Removal = { actions: [], gone: true };

function orGone(actions: readonly NodeRemovalAction[]): Removal {
  return actions.length === 0 ? GONE : { actions };
}

const NO_MANIFEST = 'no manifest';

/** Or dnsmasq would answer its name until the lease ends. */
function planRelease({ leases }: RemovedNode): NodeRemovalAction[] {
  return leases.map(({ network, lease }) =>
    step('none', `the guest that had ${lease.ip} is off`, { type: 'ReleaseLease', network, lease }),
  );
}

/** The domain goes last, with its mark; a manifest that comes back before that gets it, and another seed. */
function planEnd(observed: RemovedNode): NodeRemovalAction[] {
  return [...planDisk(observed), ...planSeed(observed), undefine(observed)];
}

function planSeed({ seed }: RemovedNode): NodeRemovalAction[] {
  return seed ? [step('none', 'the seed is of no more use', { type: 'RemoveSeed' })] : [];
}

function planDisk(observed: RemovedNode): NodeRemovalAction[] {
  const { disk, hostKey, name } = observed;
  const deleted = deletesDisk(observed);
  // A disk that stays has the host key in it, and cloud-init will not give it another one.
  const keyless = !disk.exists || deleted;
  return [
    ...(hostKey && keyless
      ? [step('none', 'no guest has this host key any more', { type: 'RemoveHostKey' } as const)]
      : []),
    ...(deleted
      ? [step('data', `reclaim is Delete: ${disk.path}`, { type: 'DeleteDisk' } as const, { guests: [name] })]
      : []),
    ...(isHalfDeleted(observed)
      ? [step('none', `${disk.path} is gone, its marker is not`, { type: 'DeleteDisk' } as const)]
      : []),
  ];
}

function undefine(observed: RemovedNode): NodeRemovalAction {
  const reason = `${NO_MANIFEST}; ${fateOfDisk(observed)}`;
  return step('removal', reason, { type: 'UndefineDomain' }, { guests: [observed.name] });
}

function fateOfDisk({ disk, reclaim }: RemovedNode): string {
  if (!disk.exists) return 'it has no disk of k8slab';
  if (reclaim === 'Retain' || !disk.ours) return `${disk.path} stays`;
  const [user] = disk.users;
  return user === undefined ? `${disk.path} goes` : `${disk.path} stays, since ${user.file} stands on it`;
}

/** All steps of a guest that runs, as a plan shows them beforehand. */
function later(observed: RemovedNode): PlannedStep[] {
  const stop = { type: 'ShutdownDomain', disruption: 'removal', reason: NO_MANIFEST } as const;
  const rest = planEnd(observed);
  return [{ ...stop, guests: [observed.name] }, ...rest.map(shown)];
}
