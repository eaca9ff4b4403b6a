/** Delays of repeated failures, per key. */
export interface Backoff<K extends string = string> {
  /** Counts one more failure of `key`. @returns how long to wait, in milliseconds */
  when(key: K): number;
  /** Failures of `key` since it was last forgotten. */
  failures(key: K): number;
  /** `key` succeeded: its next failure starts from the base again. */
  forget(key: K): void;
}

export interface BackoffOptions {
  /** Delay after the first failure; doubled by each further one. Default 1 s. */
  readonly baseMs?: number;
  /** The delay doubles up to here; jitter comes on top. Default 60 s. */
  readonly maxMs?: number;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

export function createBackoff<K extends string = string>(options: BackoffOptions = {}): Backoff<K> {
  const { baseMs = 1000, maxMs = 60_000, random = Math.random } = options;
  const failures = new Map<K, number>();
  return {
    when(key) {
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      return jitter(Math.min(maxMs, baseMs * 2 ** count), random);
    },
    failures: (key) => failures.get(key) ?? 0,
    forget: (key) => void failures.delete(key),
  };
}

/** `ms` spread evenly over ±50 %, so that what fell together does not come back together. */
export function jitter(ms: number, random: () => number = Math.random): number {
  return ms * (0.5 + random());
}
