import { VirshError } from './errors.ts';
import type { VirshReason } from './errors.ts';

/** What makes a failure no failure: a reason, or what virsh said. */
export interface Tolerance {
  reasons?: readonly VirshReason[];
  said?: RegExp;
}

/** Waits for a call; a failure that only says that things are already as wanted yields undefined. */
export async function tolerate<T>(call: Promise<T>, tolerance: Tolerance): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isTolerated(error, tolerance)) return undefined;
    throw error;
  }
}

export function isTolerated(error: unknown, { reasons = [], said }: Tolerance): boolean {
  if (!(error instanceof VirshError)) return false;
  return reasons.includes(error.reason) || (said?.test(error.stderr) ?? false);
}
