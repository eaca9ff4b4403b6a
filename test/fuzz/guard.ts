import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext, Script } from 'node:vm';
import { explainError, ReasonedError } from '../../src/api/errors.ts';
import type { Subject } from './target.ts';

/** What the daemon may do without anybody else having a turn: milliseconds of its thread, since the machine may be busy elsewhere. */
const LIMIT_MS = 100;
/** Code that is not compiled yet, and garbage of the inputs before, cost once. */
const TRIES = 3;
/** Whatever takes as long is ended, so that the input can be told and shrunk. */
const END_MS = 5000;

const call = new Script('globalThis.fuzzed()');
const shared = globalThis as { fuzzed?: () => unknown };

/** Feeds one input; throws where that takes long, or fails in a way that no caller expects. */
export async function feed({ feed: read }: Pick<Subject, 'feed'>, input: Buffer): Promise<void> {
  let took = 0;
  for (let tries = 0; tries < TRIES; tries += 1) {
    took = await longestStep(read, input);
    if (took <= LIMIT_MS) return;
  }
  assert.fail(`takes ${Math.round(took)} ms`);
}

async function longestStep(read: Subject['feed'], input: Buffer): Promise<number> {
  const laps = [threadMs()];
  try {
    const result = ended(() => read(input));
    if (typeof result === 'object' && 'next' in result) {
      laps.push(threadMs());
      ended(() => {
        while (result.next().done !== true) laps.push(threadMs());
      });
    } else await result;
  } catch (error) {
    // Also where the whole machine was away for as long: it is tried again.
    if (isOverdue(error)) return END_MS;
    // Callers say what is wrong; they may be slow at that too.
    if (!(error instanceof ReasonedError)) throw error;
    assert.doesNotMatch(
      ended(() => explainError(error)),
      /\n/,
    );
  }
  laps.push(threadMs());
  return Math.max(...laps.slice(1).map((lap, index) => lap - (laps[index] ?? lap)));
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Runs what never ends to an end. */
function ended<T>(work: () => T): T {
  shared.fuzzed = work;
  return call.runInThisContext({ timeout: END_MS }) as T;
}

function isOverdue(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** MiB that are in use after everything that can be has been collected. */
export function heapUsed(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed / 1024 ** 2;
}
