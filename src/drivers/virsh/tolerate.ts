import { VirshError } from './errors.ts';
import type { VirshReason } from './errors.ts';

/** What makes a failure no failure: a reason, or that things are as wanted all the same. */
export interface Tolerance {
  reasons?: readonly VirshReason[];
  /** Asked after a failure. libvirtd speaks its own host's language, so that its words tell nothing. */
  unless?: () => Promise<boolean>;
}

/** Waits for a call; a failure that leaves things as wanted yields undefined. */
export async function tolerate<T>(
  call: Promise<T>,
  { reasons = [], unless }: Tolerance,
): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof VirshError)) throw error;
    if (reasons.includes(error.reason)) return undefined;
    // A look that fails tells nothing either: the first error is what happened.
    if (unless !== undefined && (await unless().catch(() => false))) return undefined;
    throw error;
  }
}
