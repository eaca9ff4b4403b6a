import { toError } from '../api/errors.ts';
import type { Waiting } from '../api/disruption/action.ts';
import type { Clock } from '../engine/clock.ts';

/** Work that outlasts a pass, such as a download: at most one per key. */
export interface Jobs {
  /**
   * How far the job has come; undefined when none runs. Throws what made the last one fail until it is time to try
   * again, or until the object has another generation, which may have mended it. Changes nothing.
   */
  check(key: string, generation: number): Waiting | undefined;
  /** Does nothing while one runs for that key. */
  start(key: string, generation: number, run: JobRun): void;
  /** Whether one runs for that key. */
  runs(key: string): boolean;
  /** Aborts the one that runs for that key and waits for its end. */
  abort(key: string): Promise<void>;
  /** Aborts all and waits for them. */
  dispose(): Promise<void>;
}

export type JobRun = (signal: AbortSignal, report: (progress: Waiting) => void) => Promise<unknown>;

export interface JobsOptions {
  readonly clock: Clock;
  /** Called when a job progressed or ended: look again. */
  readonly onChange: (key: string) => void;
  /** Milliseconds until a job that failed like this is tried again; undefined: 5 s doubling to 5 min. */
  readonly retryMs?: (error: Error) => number | undefined;
}

const FIRST_RETRY_MS = 5000;
const LONGEST_RETRY_MS = 300_000;

interface Running {
  progress: Waiting;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

interface Failed {
  readonly error: Error;
  readonly generation: number;
  /** In a row, of that generation. */
  readonly count: number;
  readonly retryAt: number;
}

export function createJobs({ clock, onChange, retryMs = noOpinion }: JobsOptions): Jobs {
  const running = new Map<string, Running>();
  const failed = new Map<string, Failed>();
  return {
    check(key, generation) {
      const job = running.get(key);
      if (job !== undefined) return job.progress;
      const last = failed.get(key);
      if (last?.generation === generation && clock.monotonic() < last.retryAt) throw last.error;
      return undefined;
    },
    start(key, generation, run) {
      if (running.has(key)) return;
      const progress: Waiting = { reason: 'Starting', message: 'about to start' };
      running.set(key, {
        progress,
        stop: new AbortController(),
        ended: Promise.resolve().then(() => runJob(key, generation, run)),
      });
    },
    runs: (key) => running.has(key),
    async abort(key) {
      const job = running.get(key);
      job?.stop.abort();
      await job?.ended;
    },
    async dispose() {
      for (const job of running.values()) job.stop.abort();
      await Promise.all([...running.values()].map(({ ended }) => ended));
    },
  };

  async function runJob(key: string, generation: number, run: JobRun): Promise<void> {
    const job = running.get(key);
    if (job === undefined) return;
    try {
      await run(job.stop.signal, (progress) => {
        job.progress = progress;
        onChange(key);
      });
      failed.delete(key);
    } catch (thrown) {
      fail(key, generation, toError(thrown));
    }
    running.delete(key);
    onChange(key);
  }

  function fail(key: string, generation: number, error: Error): void {
    const last = failed.get(key);
    const count = last?.generation === generation ? last.count + 1 : 1;
    const backoff = Math.min(FIRST_RETRY_MS * 2 ** (count - 1), LONGEST_RETRY_MS);
    failed.set(key, { error, generation, count, retryAt: clock.monotonic() + (retryMs(error) ?? backoff) });
  }
}

function noOpinion(): undefined {
  return undefined;
}
