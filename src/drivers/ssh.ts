import { ReasonedError, toError } from '../api/errors.ts';
import { unreachable } from './ssh/connection.ts';
import { createPool } from './ssh/pool.ts';
import { takesConnections } from './ssh/touch.ts';
import { quoteArgv } from './ssh/quote.ts';
import { ChannelRefused } from './ssh/run.ts';
import type { Ssh, SshExecOptions, SshOptions, SshResult, SshTarget } from './ssh/types.ts';

export { fingerprint } from './ssh/host-keys.ts';
export type * from './ssh/types.ts';

/** One call: what ends it early, and how far it has come. */
interface Call {
  target: SshTarget;
  signal: AbortSignal;
  connected: boolean;
}

const DEADLINE_MS = 30_000;
const MAX_OUTPUT = 1024 * 1024;

/** Makes the SSH driver, which keeps one connection to each guest while there is something to say. */
export function createSsh(options: SshOptions): Ssh {
  const { identity, connectTimeoutMs = 10_000, keepaliveMs = 5_000, idleMs = 60_000 } = options;
  const { maxAgeMs = 60_000, maxSessions = 8, graceMs = 5_000, onWait = ignore } = options;
  const pool = createPool({
    identity,
    connectTimeoutMs,
    keepaliveMs,
    idleMs,
    maxAgeMs,
    maxSessions,
    graceMs,
  });
  let disposed: ReasonedError | undefined;

  async function runOnce(call: Call, command: string, limits: SshExecOptions): Promise<SshResult> {
    const { target, signal } = call;
    const asked = performance.now();
    const connection = await orAborted(pool.get(target), signal);
    await orAborted(connection.ready, signal);
    call.connected = true;
    const { maxOutput = MAX_OUTPUT, input, onStdout } = limits;
    const started = await connection.start(
      command,
      { address: target.address, maxOutput, input, onStdout },
      signal,
    );
    onWait((performance.now() - asked) / 1000);
    return started.result;
  }

  async function exec(
    target: SshTarget,
    argv: readonly string[],
    limits: SshExecOptions = {},
  ): Promise<SshResult> {
    if (disposed !== undefined) throw disposed;
    const command = quoteArgv(argv);
    const ended = new AbortController();
    const call = { target, signal: ended.signal, connected: false };
    const stopWatching = endCall(ended, call, limits);
    try {
      // A connection that refuses sessions is retired: the second try gets another one.
      return await runOnce(call, command, limits).catch((error: unknown) => {
        if (!(error instanceof ChannelRefused)) throw error;
        return runOnce(call, command, limits);
      });
    } catch (error) {
      if (error instanceof ReasonedError) throw error;
      throw unreachable(target, toError(error).message, error);
    } finally {
      stopWatching();
    }
  }

  return {
    exec,
    answers: takesConnections,
    dispose: async () => {
      disposed = new ReasonedError('Aborted', 'cannot run commands on guests: the SSH driver is shut down');
      await pool.close(disposed);
    },
  };
}

function ignore(): void {
  // nobody counts
}

/** Aborts the call at its deadline and with the caller's signal. */
function endCall(
  ended: AbortController,
  call: Call,
  { deadlineMs = DEADLINE_MS, signal }: SshExecOptions,
): () => void {
  const { address } = call.target;
  function abort(): void {
    ended.abort(
      new ReasonedError('Aborted', `cannot run command on guest "${address}": given up`, {
        cause: signal?.reason,
      }),
    );
  }
  const timer = setTimeout(() => {
    const seconds = `${deadlineMs / 1000} s`;
    const late = new ReasonedError(
      'DeadlineExceeded',
      `cannot run command on guest "${address}": not done in ${seconds}`,
    );
    ended.abort(call.connected ? late : unreachable(call.target, `no answer in ${seconds}`));
  }, deadlineMs);
  if (signal?.aborted === true) abort();
  signal?.addEventListener('abort', abort, { once: true });
  return () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  };
}

async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  function abort(): void {
    aborted.reject(signal.reason as Error);
  }
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
