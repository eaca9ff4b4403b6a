import { toError } from '../api/errors.ts';

/** The longest delay Node's timers know (about 24.8 days); longer ones would fire at once. */
export const MAX_DELAY_MS = 2 ** 31 - 1;

export interface Timer {
  /** Does nothing once the timer has fired. */
  cancel(): void;
}

export interface Clock {
  /** Wall-clock time, milliseconds since the epoch; it may step when the host's clock is set. */
  now(): number;
  /** Milliseconds since some fixed point; never steps back. Durations and due times are measured by it. */
  monotonic(): number;
  /** Runs `run` once, after `delayMs` capped to 0..MAX_DELAY_MS. */
  setTimer(delayMs: number, run: () => void): Timer;
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    setTimer: setSystemTimer,
    sleep: (ms, signal) => sleepOn(setSystemTimer, ms, signal),
  };
}

/** RFC 3339 without fractions, as Kubernetes writes times. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** RFC 3339 with microseconds, as Kubernetes' Leases have it. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

/** A delay that timers accept: whole numbers are not needed, NaN and negative ones become 0. */
export function capDelay(ms: number): number {
  return ms > 0 ? Math.min(ms, MAX_DELAY_MS) : 0;
}

/** Whether `work` settles within `ms`; it goes on either way, and its failure is its owner's. */
export function settlesWithin(clock: Clock, work: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(ms, () => resolve(false));
    void Promise.allSettled([work]).then(() => {
      timer.cancel();
      resolve(true);
    });
  });
}

/** `Clock.sleep` on top of any `Clock.setTimer`. */
export function sleepOn(setTimer: Clock['setTimer'], ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(toError(signal.reason));
      return;
    }
    const timer = setTimer(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    function onAbort(): void {
      timer.cancel();
      reject(toError(signal?.reason));
    }
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

function setSystemTimer(delayMs: number, run: () => void): Timer {
  const handle = setTimeout(run, capDelay(delayMs));
  return { cancel: () => clearTimeout(handle) };
}
