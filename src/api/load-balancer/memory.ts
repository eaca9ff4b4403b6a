/** What the daemon remembers of a LoadBalancer. A restart of the daemon forgets it. */
export interface LoadBalancerMemory {
  /** What HAProxy refused, with its words: it is not offered to it again. */
  readonly rejected?: { readonly sha256: string; readonly words: string };
  /** Looks in a row at which the guest did not answer. */
  readonly silent?: number;
}

/** Nobody tells of what happens in the guest. */
const LOOK_EVERY_MS = 15_000;
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;

/** How soon to look again: seldom at a guest that answers, ever less often at one that does not. */
export function nextLookMs({ silent = 0 }: LoadBalancerMemory, answers: boolean): number {
  return answers ? LOOK_EVERY_MS : Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** silent);
}
