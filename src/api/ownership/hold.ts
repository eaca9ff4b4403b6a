import { objectWord, type ObjectRef } from '../meta.ts';

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
  /** Those held so far. */
  readonly held: ReadonlySet<string>;
  /** How many objects may be pending without being asked about. */
  readonly limit: number;
}

export interface Hold {
  readonly admitted: readonly string[];
  readonly held: readonly string[];
  /** Why new ones are held. */
  readonly reason: HoldReason;
}

export type HoldReason = 'NothingWouldRemain' | 'TooManyAtOnce';

/**
 * Which objects may be removed, and which are held until somebody confirms it: all new ones if there are too many, or
 * if nothing of what there was would remain. What is held stays held, whatever becomes of the others: a directory that
 * comes back file by file is not a wish to remove its last ones.
 */
export function holdRemovals({ pending, remaining, admitted, held, limit }: HoldInput): Hold {
  const tooMany = pending.length > limit || remaining === 0;
  const isHeld = (ref: string): boolean => !admitted.has(ref) && (held.has(ref) || tooMany);
  return {
    admitted: pending.filter((ref) => !isHeld(ref)),
    held: pending.filter(isHeld),
    reason: remaining === 0 ? 'NothingWouldRemain' : 'TooManyAtOnce',
  };
}

/** Why an object is held, and how its removal goes on. */
export function explainHold(reason: HoldReason, limit: number, ref: ObjectRef): string {
  const why =
    reason === 'NothingWouldRemain'
      ? 'none is left of what there was'
      : `more than ${limit} objects lost theirs`;
  return `no manifest names it; held, since ${why}; to remove it: k8slab confirm-removal ${objectWord(ref)}`;
}
