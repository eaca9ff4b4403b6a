import { isDeepStrictEqual } from 'node:util';
import {
  PROBE_CADENCE,
  isSettled,
  probeNeed,
  type ProbeCadence,
  type Probed,
  type WantedName,
} from '../../api/node/probe-due.ts';
import type { Clock } from '../../engine/clock.ts';

/** What is asked of a guest. */
export interface ProbeQuestion {
  /** The same as long as an old answer answers it. */
  readonly about: string;
  readonly wanted: WantedName;
  /** How long a pass waits for the first answer (ms). */
  readonly patienceMs: number;
  readonly probe: (signal: AbortSignal) => Promise<Probed>;
  /** Whether the guest still takes connections. */
  readonly touch: (signal: AbortSignal) => Promise<boolean>;
}

/** Probes of guests, beside the passes: a guest that hangs keeps nobody waiting but itself. */
export interface ProbePool {
  /**
   * The last answer to the same question, at once; a newer one is asked for when it is due, and the Node is looked at again
   * if it is another. Only before there is any answer the pass waits for it, as long as its patience lasts.
   */
  ask(node: string, question: ProbeQuestion, signal: AbortSignal): Promise<Probed>;
  /** The guest does not run: what it answered is no longer so. */
  forget(node: string): void;
  dispose(): Promise<void>;
}

export interface ProbePoolOptions {
  readonly clock: Clock;
  /** The answer is another one than a pass was given. */
  readonly onChange: (node: string) => void;
  /** Probes at once; those of guests that failed before take at most half of the places. Default 64. */
  readonly size?: number;
  readonly cadence?: ProbeCadence;
}

interface Entry {
  readonly about: string;
  readonly abort: AbortController;
  result?: Probed;
  fullAt: number;
  seenAt: number;
  running?: Promise<void>;
  /** Passes that wait for the answer and need not be told. */
  waiters: number;
}

interface Job {
  readonly failing: boolean;
  readonly run: () => Promise<void>;
}

interface State {
  readonly options: ProbePoolOptions;
  readonly cadence: ProbeCadence;
  readonly size: number;
  readonly entries: Map<string, Entry>;
  readonly queue: Job[];
  readonly active: Set<Job>;
}

/** Shown until the guest has answered for the first time. */
const PENDING: Probed = {
  ssh: { ok: false, reason: 'NotAnsweredYet', message: 'the guest has not answered yet' },
};

export function createProbePool(options: ProbePoolOptions): ProbePool {
  const { cadence = PROBE_CADENCE, size = 64 } = options;
  const state: State = { options, cadence, size, entries: new Map(), queue: [], active: new Set() };
  return {
    async ask(node, question, signal) {
      const entry = entryOf(state, node, question.about);
      const need = probeNeed(lastOf(state, entry, question.wanted), cadence);
      if (need !== 'none')
        entry.running ??= enqueue(state, node, entry, { question, touch: need === 'touch' });
      if (entry.result === undefined) await firstAnswer(state, entry, question.patienceMs, signal);
      return entry.result ?? PENDING;
    },
    forget(node) {
      state.entries.get(node)?.abort.abort();
      state.entries.delete(node);
    },
    async dispose() {
      const running = [...state.entries.values()].map((entry) => entry.running);
      for (const { abort } of state.entries.values()) abort.abort();
      state.entries.clear();
      await Promise.all(running.filter((each) => each !== undefined));
    },
  };
}

function entryOf({ entries }: State, node: string, about: string): Entry {
  const before = entries.get(node);
  if (before?.about === about) return before;
  before?.abort.abort();
  const entry: Entry = { about, abort: new AbortController(), fullAt: 0, seenAt: 0, waiters: 0 };
  entries.set(node, entry);
  return entry;
}

function lastOf(
  { options: { clock } }: State,
  { result, fullAt, seenAt }: Entry,
  wanted: WantedName,
): Parameters<typeof probeNeed>[0] {
  if (result === undefined) return undefined;
  const now = clock.monotonic();
  return { result, wanted, fullAgeMs: now - fullAt, seenAgeMs: now - seenAt };
}

async function firstAnswer(
  { options: { clock } }: State,
  entry: Entry,
  patienceMs: number,
  signal: AbortSignal,
): Promise<void> {
  const late = new AbortController();
  entry.waiters += 1;
  try {
    const enough = AbortSignal.any([late.signal, signal]);
    const patience = clock.sleep(patienceMs, enough).catch(() => undefined);
    await Promise.race([entry.running ?? Promise.resolve(), patience]);
    signal.throwIfAborted();
  } finally {
    entry.waiters -= 1;
    late.abort();
  }
}

interface Asked {
  readonly question: ProbeQuestion;
  readonly touch: boolean;
}

function enqueue(state: State, node: string, entry: Entry, asked: Asked): Promise<void> {
  const done = Promise.withResolvers<undefined>();
  const failing = entry.result !== undefined && !isSettled(entry.result, asked.question.wanted);
  state.queue.push({
    failing,
    async run() {
      // What was given up says nothing.
      await answer(state, node, entry, asked).catch(() => undefined);
      delete entry.running;
      done.resolve(undefined);
    },
  });
  serve(state);
  return done.promise;
}

function serve(state: State): void {
  const { queue, active, size } = state;
  while (active.size < size) {
    const failing = [...active].filter((job) => job.failing).length;
    const at = queue.findIndex((job) => !job.failing || failing < size / 2);
    const [job] = at === -1 ? [] : queue.splice(at, 1);
    if (job === undefined) return;
    active.add(job);
    void job.run().finally(() => {
      active.delete(job);
      serve(state);
    });
  }
}

async function answer(state: State, node: string, entry: Entry, { question, touch }: Asked): Promise<void> {
  const { clock, onChange } = state.options;
  const { signal } = entry.abort;
  signal.throwIfAborted();
  if (touch && (await question.touch(signal))) {
    entry.seenAt = clock.monotonic();
    return;
  }
  const result = await question.probe(signal);
  const changed = !isDeepStrictEqual(result, entry.result);
  entry.result = result;
  entry.fullAt = entry.seenAt = clock.monotonic();
  if (changed && entry.waiters === 0 && state.entries.get(node) === entry) onChange(node);
}
