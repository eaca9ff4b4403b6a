import { randomBytes } from 'node:crypto';
import pRetry from 'p-retry';
import { exec, spawnProcess } from '../exec.ts';
import type { ChildHandle } from '../exec.ts';
import { isAboutNetworks, isMutating } from './commands.ts';
import { failureIn, toVirshError, VirshError } from './errors.ts';
import type { CallLimits, Reply } from './exchange.ts';
import { isTypeable } from './frame.ts';
import { createPool } from './pool.ts';
import type { Pool } from './pool.ts';
import { createSession } from './session.ts';
import type { Session } from './session.ts';

/** virsh, one call after the other or a few at once. */
export interface Virsh {
  /** What the command prints. Throws VirshError. */
  call(argv: readonly string[], options?: VirshCallOptions): Promise<string>;
  /** Starts a virsh of its own for a command that runs until it is killed, such as `event --loop`. */
  spawn(argv: readonly string[]): ChildHandle;
  dispose(): Promise<void>;
}

export interface CallOptions {
  /** Ends the call and its session, or the wait for one; libvirt may do all the same what it was asked. */
  readonly signal?: AbortSignal;
}

export interface VirshCallOptions extends CallOptions {
  /** Milliseconds from the moment a session is free; default that of the driver. */
  deadlineMs?: number;
  /** What the XML of the call is about: told in place of the file that holds it meanwhile. */
  about?: string;
}

/** One finished call, a repeated try counting as another one. */
export interface VirshCall {
  op: string;
  /** With what the XML is about in place of its file. */
  argv: readonly string[];
  mutates: boolean;
  /** Without the time spent waiting for a session. */
  seconds: number;
  /** The time spent waiting for a session, its start included; undefined for a call that had none. */
  waitedSeconds?: number;
  error?: unknown;
}

export interface VirshOptions {
  /** Such as qemu:///system. */
  uri: string;
  /** How virsh is called; default ['virsh']. */
  command?: readonly string[];
  /** How many sessions at most; default 4. */
  size?: number;
  /** Milliseconds; default 30000. */
  deadlineMs?: number;
  /** Milliseconds after which an unused session is ended; default 60000. */
  idleMs?: number;
  /** Between starts of sessions that cannot connect; default 100 ms doubling to 2 s. */
  backoff?: { firstMs: number; maxMs: number };
  /** Before the second and last try of a read that found libvirt unreachable; default 300. */
  retryMs?: number;
  onCall?: (call: VirshCall) => void;
  /** Monotonic milliseconds. */
  now?: () => number;
  /** A mark for a new session: letters and digits that no libvirt object carries. */
  mark?: () => string;
}

interface Context {
  options: VirshOptions;
  /** The start of every command line. */
  base: readonly string[];
  pool: Pool;
  /** Aborted by `dispose`. */
  closing: AbortSignal;
  now: () => number;
}

/** No history file (it would hold every call), none of the user's key bindings. */
const ENV = { XDG_CACHE_HOME: '/dev/null', INPUTRC: '/dev/null' };
const MAX_OUTPUT = 64 * 1024 * 1024;
/** Listening there ends when virtnetworkd does; virtqemud, which passes its events on, would be silent from then on. */
const NETWORK_URI: ReadonlyMap<string, string> = new Map([['qemu:///system', 'network:///system']]);
const DEFAULT_BACKOFF = { firstMs: 100, maxMs: 2000 };

/** A bounded pool of long-lived virsh sessions. Nothing is started before the first call. */
export function createVirsh(options: VirshOptions): Virsh {
  const to = (uri: string): string[] => [...(options.command ?? ['virsh']), '-q', '-c', uri];
  const base = to(options.uri);
  const toNetworks = to(NETWORK_URI.get(options.uri) ?? options.uri);
  const now = options.now ?? (() => performance.now());
  const mark = options.mark ?? randomMark;
  function start(): Session {
    return createSession({ argv: base, spawn, mark: mark(), maxOutput: MAX_OUTPUT });
  }
  const { size = 4, idleMs = 60_000, backoff = DEFAULT_BACKOFF } = options;
  const pool = createPool({ start, size, idleMs, backoff, now });
  const closing = new AbortController();
  const context: Context = { options, base, now, pool, closing: closing.signal };
  return {
    call: (argv, callOptions = {}) => callWithRetry(context, argv, callOptions),
    spawn: (argv) => spawn([...(isAboutNetworks(argv) ? toNetworks : base), ...argv]),
    dispose() {
      closing.abort();
      return pool.dispose();
    },
  };
}

/** Short, since each call types it; not to be guessed by who writes a description into a domain. */
function randomMark(): string {
  return `k${randomBytes(5).toString('hex')}`;
}

function spawn(argv: readonly string[]): ChildHandle {
  return spawnProcess(argv, { env: ENV });
}

async function callWithRetry(
  context: Context,
  argv: readonly string[],
  callOptions: VirshCallOptions,
): Promise<string> {
  const { options } = context;
  const limits = {
    deadlineMs: callOptions.deadlineMs ?? options.deadlineMs ?? 30_000,
    signal: callOptions.signal,
    about: callOptions.about ?? 'XML',
  };
  if (isMutating(argv)) return callOnce(context, argv, limits);
  return pRetry(() => callOnce(context, argv, limits), {
    retries: 1,
    minTimeout: options.retryMs ?? 300,
    shouldRetry: ({ error }) =>
      error instanceof VirshError &&
      (error.reason === 'LibvirtUnreachable' || mayBeCutOff(options, argv, error)),
    ...(limits.signal === undefined ? {} : { signal: limits.signal }),
  });
}

/**
 * virtqemud keeps a connection to virtnetworkd for each session, and keeps it when virtnetworkd was restarted and it is dead.
 * What it says then is in the vmhost's language.
 */
function mayBeCutOff({ uri }: VirshOptions, argv: readonly string[], { reason }: VirshError): boolean {
  if (!uri.startsWith('qemu') || !isAboutNetworks(argv)) return false;
  return reason === 'LibvirtUnreachable' || reason === 'OperationFailed';
}

interface ToldLimits extends CallLimits {
  about: string;
}

async function callOnce(context: Context, argv: readonly string[], limits: ToldLimits): Promise<string> {
  const { now, options, pool } = context;
  const [op = ''] = argv;
  const asked = now();
  let started = asked;
  let waitedSeconds: number | undefined;
  function inSession(session: Session): Promise<Reply> {
    started = now();
    waitedSeconds = (started - asked) / 1000;
    return session.call(argv, limits);
  }
  function report(error?: unknown): void {
    const seconds = (now() - started) / 1000;
    options.onCall?.({
      op,
      argv: told(argv, limits.about),
      mutates: isMutating(argv),
      seconds,
      ...(waitedSeconds === undefined ? {} : { waitedSeconds }),
      ...(error === undefined ? {} : { error }),
    });
  }
  try {
    const reply = await (isTypeable(argv)
      ? pool.run(inSession, limits.signal)
      : callApart(context, argv, limits));
    const failure = failureIn(reply.stderr, argv);
    if (failure !== undefined) {
      if (mayBeCutOff(options, argv, failure)) pool.renew();
      throw failure;
    }
    report();
    return reply.stdout;
  } catch (thrown) {
    const error = toVirshError(thrown, argv);
    report(error);
    throw error;
  }
}

const FILE_OPTIONS: ReadonlySet<string> = new Set(['--file', '--xml', '--backupxml']);

function told(argv: readonly string[], about: string): string[] {
  return argv.map((word, index) => (FILE_OPTIONS.has(argv[index - 1] ?? '') ? about : word));
}

/** For arguments that cannot be typed into a session (control characters, very long ones): a process of its own. */
async function callApart(context: Context, argv: readonly string[], limits: CallLimits): Promise<Reply> {
  const signal =
    limits.signal === undefined ? context.closing : AbortSignal.any([limits.signal, context.closing]);
  const options = { deadlineMs: limits.deadlineMs, env: ENV, maxOutput: MAX_OUTPUT, signal };
  const { stdout } = await exec([...context.base, ...argv], options);
  return { stdout, stderr: '' };
}
