import { toError } from '../api/errors.ts';
import type { Waiting } from '../api/disruption/waiting.ts';
import type { ObjectMeta } from '../api/meta.ts';
import type { Clock } from '../engine/clock.ts';

/** For whom a job is done: an object that has another's name is another one, and an edit may have mended what failed. */
export type JobOwner = Pick<ObjectMeta, 'name' | 'uid' | 'generation'>;

/** Work that outlasts a pass, such as a download: at most one per name. */
export interface Jobs {
  /**
   * How far the job has come; undefined when none runs. Throws what made it fail last, until it comes further than that
   * or, if it ended, until it is time to try again. Changes nothing.
   */
  check(owner: JobOwner): Waiting | undefined;
  /** Does nothing while one runs for that name. @param reads the name of what it copies from, which is to stay meanwhile */
  start(owner: JobOwner, run: JobRun, reads?: string): void;
  /** Whether one runs for that name. */
  runs(name: string): boolean;
  /** For whom one runs that copies from what has that name; one of them where there are several. */
  readerOf(source: string): string | undefined;
  /** Whether the one that runs was started for an earlier generation, or for another object of that name. */
  isOutdated(owner: JobOwner): boolean;
  /** Aborts the one that runs for that name and waits for its end. */
  abort(name: string): Promise<void>;
  /** The object is gone: its failures are forgotten. */
  forget(owner: Pick<JobOwner, 'name' | 'uid'>): void;
  /** Aborts all and waits for them. */
  dispose(): Promise<void>;
}

/** Reports how far it is, or what failed that it tries again by itself. */
export type JobRun = (signal: AbortSignal, report: (progress: Waiting | Error) => void) => Promise<unknown>;

export interface JobsOptions {
  readonly clock: Clock;
  /** Called when a job progressed or ended, then for what it read too: look again. */
  readonly onChange: (name: string) => void;
  /** Milliseconds until a job that failed like this is tried again; undefined: 5 s doubling to 5 min. */
  readonly retryMs?: (error: Error) => number | undefined;
}

const FIRST_RETRY_MS = 5000;
const LONGEST_RETRY_MS = 300_000;

const STARTING: Waiting = { reason: 'Starting', message: 'about to start' };

interface Running {
  readonly owner: JobOwner;
  progress: Waiting | Error;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  readonly reads?: string;
}

interface Failed {
  readonly error: Error;
  readonly owner: JobOwner;
  /** In a row, for that owner. */
  readonly count: number;
  readonly retryAt: number;
}

export function createJobs({ clock, onChange, retryMs = noOpinion }: JobsOptions): Jobs {
  const running = new Map<string, Running>();
  const failed = new Map<string, Failed>();
  const readers = new Map<string, Set<string>>();
  return {
    check(owner) {
      const job = running.get(owner.name);
      if (job !== undefined) return progressOf(job, owner);
      const last = lastFailure(owner);
      if (last !== undefined && clock.monotonic() < last.retryAt) throw last.error;
      return undefined;
    },
    start(owner, run, reads) {
      if (running.has(owner.name)) return;
      if (reads !== undefined) readers.set(reads, (readers.get(reads) ?? new Set()).add(owner.name));
      running.set(owner.name, {
        owner,
        progress: lastFailure(owner)?.error ?? STARTING,
        stop: new AbortController(),
        ended: Promise.resolve().then(() => runJob(owner, run)),
        ...(reads === undefined ? {} : { reads }),
      });
    },
    runs: (name) => running.has(name),
    readerOf: (source) => readers.get(source)?.values().next().value,
    isOutdated(owner) {
      const job = running.get(owner.name);
      return job !== undefined && !isSame(job.owner, owner);
    },
    async abort(name) {
      const job = running.get(name);
      job?.stop.abort();
      await job?.ended;
    },
    forget({ name, uid }) {
      if (failed.get(name)?.owner.uid === uid) failed.delete(name);
    },
    async dispose() {
      for (const job of running.values()) job.stop.abort();
      await Promise.all([...running.values()].map(({ ended }) => ended));
    },
  };

  function lastFailure(owner: JobOwner): Failed | undefined {
    const last = failed.get(owner.name);
    return last !== undefined && isSame(last.owner, owner) ? last : undefined;
  }

  async function runJob(owner: JobOwner, run: JobRun): Promise<void> {
    const { name } = owner;
    const job = running.get(name);
    if (job === undefined) return;
    try {
      await run(job.stop.signal, (progress) => {
        job.progress = progress;
        onChange(name);
      });
      failed.delete(name);
    } catch (thrown) {
      // Whoever gave it up knows why, and may want it again at once.
      if (!job.stop.signal.aborted) fail(owner, toError(thrown));
    }
    running.delete(name);
    stopReading(job);
    onChange(name);
    if (job.reads !== undefined) onChange(job.reads);
  }

  function stopReading({ owner, reads = '' }: Running): void {
    const others = readers.get(reads);
    others?.delete(owner.name);
    if (others?.size === 0) readers.delete(reads);
  }

  function fail(owner: JobOwner, error: Error): void {
    const count = (lastFailure(owner)?.count ?? 0) + 1;
    const backoff = Math.min(FIRST_RETRY_MS * 2 ** (count - 1), LONGEST_RETRY_MS);
    failed.set(owner.name, { error, owner, count, retryAt: clock.monotonic() + (retryMs(error) ?? backoff) });
  }
}

/** A failure is that of the owner alone: another one is told that something is under way. */
function progressOf({ progress, owner }: Running, asking: JobOwner): Waiting {
  if (!(progress instanceof Error)) return progress;
  if (isSame(owner, asking)) throw progress;
  return STARTING;
}

function isSame(one: JobOwner, other: JobOwner): boolean {
  return one.uid === other.uid && one.generation === other.generation;
}

function noOpinion(): undefined {
  return undefined;
}
