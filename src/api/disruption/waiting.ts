import { condition, SYNCED } from '../conditions.ts';
import type { ConditionInput } from '../meta.ts';

/** Who brings a wait to an end. */
type EndedBy =
  /** Another object, libvirt, dnsmasq or a job beside the passes: each of them makes the object be looked at again. */
  | 'event'
  /** The guest, which tells nobody: it is looked at less and less often. */
  | 'guest'
  /** The clock. */
  | 'time'
  /** A person: the manifest, the vmhost or the guest has to be mended. */
  | 'user';

export interface WaitingRule {
  /** What the wait keeps from being True. A wait that blocks nothing is told in a condition of its own. */
  readonly blocks: 'nothing' | 'ready' | 'ready and synced' | 'synced';
  readonly endedBy: EndedBy;
  /** Milliseconds until the object is looked at again though nobody tells; left out: at the next resync. */
  readonly againMs?: number;
  /** It waits for other guests of its role, so it is in no other guest's way. */
  readonly yields?: true;
}

const EVENT = { blocks: 'ready', endedBy: 'event' } as const;
const GUEST = { blocks: 'ready', endedBy: 'guest' } as const;
const USER = { blocks: 'ready', endedBy: 'user' } as const;
const PENDING = { blocks: 'nothing', endedBy: 'user' } as const;
const FAILED = { blocks: 'ready and synced', endedBy: 'user' } as const;

/** Every reason for which an object waits. */
const RULES = {
  // Placement.
  Unschedulable: USER,
  // Manifests.
  Conflict: FAILED,
  NotAllowed: FAILED,
  RemovalHeld: { blocks: 'nothing', endedBy: 'user' },
  InUse: EVENT,
  FileKept: PENDING,
  // Nobody tells when a disk of others can be read again.
  FileUsersUnknown: { blocks: 'ready', endedBy: 'user', againMs: 10_000 },

  // Networks.
  CIDRConflict: FAILED,
  BridgeConflict: FAILED,
  // Nobody tells when a network of others can be read again.
  NetworksUnknown: { blocks: 'synced', endedBy: 'user', againMs: 10_000 },
  NodesContradict: { blocks: 'synced', endedBy: 'user' },
  RestartFailed: { blocks: 'synced', endedBy: 'user' },
  RestartRequired: PENDING,
  RestartRefused: PENDING,
  Drifted: PENDING,

  // What a Node needs of other objects.
  HostNotReady: EVENT,
  LibvirtTooOld: USER,
  NetworkNotFound: EVENT,
  NetworkNotReady: EVENT,
  ReservationNotLive: EVENT,
  RangeExhausted: USER,
  AddressTaken: USER,
  AddressNotUsable: USER,
  ImageNotFound: EVENT,
  ImageNotReady: EVENT,
  NodeNotFound: EVENT,
  SourceNotReady: EVENT,

  // A Node's disk and domain.
  CopyingDisk: EVENT,
  CloneInProgress: EVENT,
  DiskMissing: FAILED,
  StorageMissing: FAILED,
  BackingFileMissing: FAILED,
  DiskNotOurs: FAILED,
  DiskShrinkRefused: PENDING,
  DomainNotFound: USER,
  MACInUse: FAILED,

  // A guest on its way.
  BootQueued: EVENT,
  StartFailed: { blocks: 'ready and synced', endedBy: 'time', againMs: 1000 },
  StartBackOff: { blocks: 'ready', endedBy: 'time', againMs: 1000 },
  ShuttingDown: { blocks: 'ready', endedBy: 'event', againMs: 5000 },
  RolloutWaiting: { blocks: 'nothing', endedBy: 'event', yields: true },
  OtherAddress: GUEST,
  AddressInUse: { blocks: 'ready and synced', endedBy: 'guest', againMs: 5000, yields: true },

  // Jobs beside the passes.
  Starting: EVENT,
  Copying: EVENT,
  Downloading: EVENT,
  Unpacking: EVENT,
  Verifying: EVENT,
  Installing: EVENT,

  // A guest that is asked by ssh.
  NodeStopped: EVENT,
  NodeNotReady: EVENT,
  NodesUnknown: EVENT,
  Unreachable: FAILED,
  HostKeyMismatch: FAILED,
  AuthenticationFailed: FAILED,
  LookFailed: FAILED,

  // A LoadBalancer's HAProxy.
  Applying: EVENT,
  ConfigRejected: FAILED,
  SecretExposed: FAILED,
  SecretInvalid: FAILED,
  SecretNotFound: FAILED,

  // Files of the vmhost.
  ForeignFile: FAILED,
} as const satisfies Readonly<Record<string, WaitingRule>>;

export type WaitingReason = keyof typeof RULES;

/** Why an object cannot go on by itself now; `reason` is that of a condition. */
export interface Waiting {
  readonly reason: WaitingReason;
  readonly message: string;
}

export function waitingRule({ reason }: Pick<Waiting, 'reason'>): WaitingRule {
  return RULES[reason];
}

/** Whether an object that waits for this cannot be Ready. */
export function blocksReady(waiting: Pick<Waiting, 'reason'>): boolean {
  const { blocks } = waitingRule(waiting);
  return blocks === 'ready' || blocks === 'ready and synced';
}

/** Whether the pass over an object that waits for this counts as failed. */
export function blocksSynced(waiting: Pick<Waiting, 'reason'>): boolean {
  const { blocks } = waitingRule(waiting);
  return blocks === 'synced' || blocks === 'ready and synced';
}

/** Synced of an object whose pass ended without an error. */
export function synced(waiting: Waiting | undefined): ConditionInput {
  if (waiting === undefined || !blocksSynced(waiting)) return condition(SYNCED, 'True', 'Reconciled');
  return condition(SYNCED, 'False', waiting.reason, waiting.message);
}

export function isWaitingReason(reason: string): reason is WaitingReason {
  return Object.hasOwn(RULES, reason);
}

/** Waits for what made a driver's call fail; a reason without a rule of its own is `LookFailed`. */
export function waitingFor(reason: string, message: string): Waiting {
  return { reason: isWaitingReason(reason) ? reason : 'LookFailed', message };
}
