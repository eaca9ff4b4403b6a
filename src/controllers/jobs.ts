import { toError } from '../api/errors.ts';
import type { Waiting } from '../api/plan/action.ts';

/** Work that outlasts a pass, such as a download: at most one per key. */
export interface Jobs {
  /** How far the job has come; undefined when none runs. Throws, once, what made the last one fail. */
  check(key: string): Waiting | undefined;
  start(key: string, run: JobRun): void;
  /** Aborts all and waits for them. */
  dispose(): Promise<void>;
}

export type JobRun = (signal: AbortSignal, report: (progress: Waiting) => void) => Promise<unknown>;

interface Job {
  progress: Waiting;
  failure?: Error;
  readonly ended: Promise<void>;
}

/** @param onChange called when a job progressed or ended: look again */
export function createJobs(onChange: (key: string) => void): Jobs {
  const jobs = new Map<string, Job>();
  const stop = new AbortController();
  return {
    check(key) {
      const job = jobs.get(key);
      if (job?.failure === undefined) return job?.progress;
      jobs.delete(key);
      throw job.failure;
    },
    start(key, run) {
      if (jobs.has(key)) return;
      const progress = { reason: 'Starting', message: 'about to start' };
      const job: Job = { progress, ended: Promise.resolve().then(() => runJob(key, run)) };
      jobs.set(key, job);
    },
    async dispose() {
      stop.abort();
      await Promise.all([...jobs.values()].map(({ ended }) => ended));
    },
  };

  async function runJob(key: string, run: JobRun): Promise<void> {
    const job = jobs.get(key);
    if (job === undefined) return;
    try {
      await run(stop.signal, (progress) => {
        job.progress = progress;
        onChange(key);
      });
      jobs.delete(key);
    } catch (thrown) {
      job.failure = toError(thrown);
    }
    onChange(key);
  }
}
