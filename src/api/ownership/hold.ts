import { objectWord, type ObjectRef } from '../meta.ts';

const MAX_FILES = 3;

/** An object without a manifest whose removal waits to be confirmed. */
export interface HeldRemoval extends ObjectRef {
  readonly why: string;
}

export interface HoldInput {
  /** Objects without a manifest that are not gone yet. */
  readonly pending: readonly string[];
  /** How many of the objects that were there before still have a manifest. */
  readonly remaining: number;
  /** Pending objects whose removal was let go on earlier, or confirmed. */
  readonly admitted: ReadonlySet<string>;
  /** Those held so far, with why. */
  readonly held: ReadonlyMap<string, HoldReason>;
  /** Manifest files that cannot be read; a pending object may have its manifest in one of them. */
  readonly opaque: readonly string[];
  /** Pending objects that somebody asked to be let go of: they count as nothing that was lost. */
  readonly released?: ReadonlySet<string>;
  /** Pending objects that another vmhost is said to have. */
  readonly disputed?: ReadonlySet<string>;
  /** Pending objects that were here before the source knew of this vmhost: nobody asked to remove them. */
  readonly untaken?: ReadonlySet<string>;
  /** How many objects may be pending without being asked about. */
  readonly limit: number;
}

export interface Hold {
  readonly admitted: readonly string[];
  readonly held: ReadonlyMap<string, HoldReason>;
}

/** UnreadManifest and NotTakenIn end by themselves: once the file can be read, and once the Node is bound to this vmhost. */
export type HoldReason =
  'NothingWouldRemain' | 'TooManyAtOnce' | 'UnreadManifest' | 'BoundElsewhere' | 'NotTakenIn';

/**
 * Which objects may be removed, and which are held until somebody confirms it: all new ones if there are too many, if
 * nothing of what there was would remain, or while a manifest cannot be read. What is held for their number stays
 * held, whatever becomes of the others: a directory that comes back file by file is not a wish to remove its last ones.
 */
export function holdRemovals(input: HoldInput): Hold {
  const { pending, remaining, admitted, held, opaque, limit } = input;
  const { released = NONE, disputed = NONE, untaken = NONE } = input;
  const lost = pending.filter((ref) => !released.has(ref)).length;
  const fresh = freshReason(lost, remaining, limit);
  const reasonOf = (ref: string): HoldReason | undefined => {
    if (admitted.has(ref) || released.has(ref)) return undefined;
    if (disputed.has(ref)) return 'BoundElsewhere';
    if (untaken.has(ref)) return 'NotTakenIn';
    if (opaque.length > 0) return 'UnreadManifest';
    const before = held.get(ref);
    return before === undefined || PASSING.has(before) ? fresh : before;
  };
  const judged = pending.map((ref) => ({ ref, reason: reasonOf(ref) }));
  return {
    admitted: judged.flatMap(({ ref, reason }) => (reason === undefined ? [ref] : [])),
    held: new Map(judged.flatMap(({ ref, reason }) => (reason === undefined ? [] : [[ref, reason]]))),
  };
}

const NONE: ReadonlySet<string> = new Set();
/** What ends by itself, with nobody confirming it. */
const PASSING: ReadonlySet<HoldReason> = new Set(['UnreadManifest', 'NotTakenIn']);

function freshReason(pending: number, remaining: number, limit: number): HoldReason | undefined {
  if (remaining === 0) return 'NothingWouldRemain';
  return pending > limit ? 'TooManyAtOnce' : undefined;
}

export interface HoldFacts {
  readonly limit: number;
  readonly opaque: readonly string[];
}

/** Why an object is held, and how its removal goes on. */
export function explainHold(reason: HoldReason, { limit, opaque }: HoldFacts, ref: ObjectRef): string {
  const confirm = `k8slab confirm-removal ${objectWord(ref)}`;
  if (reason === 'UnreadManifest') {
    const files = opaque.slice(0, MAX_FILES).join(', ') + (opaque.length > MAX_FILES ? ' and others' : '');
    return `no manifest that can be read names it; held, since ${files} may: mend or remove that file, or ${confirm}`;
  }
  if (reason === 'BoundElsewhere')
    return `another vmhost is said to have it; held, since its guest would be lost; to remove it from this one: ${confirm}`;
  if (reason === 'NotTakenIn')
    return `the API server does not give it to this vmhost; held, since nobody asked to remove it; to remove it: ${confirm}`;
  const why =
    reason === 'NothingWouldRemain'
      ? 'none is left of what there was'
      : `more than ${limit} objects lost theirs`;
  return `no manifest names it; held, since ${why}; to remove it: ${confirm}`;
}
