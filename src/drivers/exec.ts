import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { toError } from '../api/errors.ts';
import { oneLine } from '../api/plain.ts';
import { ExecError, neverStarted } from './exec-error.ts';
import type { ExecReason, ProcessEnd } from './exec-error.ts';

export { ExecError } from './exec-error.ts';
export type { ExecFailure, ExecReason, ProcessEnd } from './exec-error.ts';

/** A running child, the leader of its own process group. */
export interface ChildHandle {
  readonly pid: number | undefined;
  /** Ignored once the child is gone. */
  readonly write: (text: string | Uint8Array) => void;
  readonly endInput: () => void;
  readonly onStdout: (listener: (chunk: Buffer) => void) => void;
  readonly onStderr: (listener: (chunk: Buffer) => void) => void;
  /** Settles when the child is gone and its output read; never rejects. */
  readonly ended: Promise<ProcessEnd>;
  /** Ends the whole group, by SIGKILL unless told otherwise; harmless when it is gone. */
  readonly kill: (signal?: NodeJS.Signals) => void;
}

export interface ExecOptions {
  /** Milliseconds until the process group is killed. */
  deadlineMs: number;
  /** Bytes of stdout and of stderr, each; more kills the group. Default 16 MiB. */
  maxOutput?: number;
  input?: string | Uint8Array;
  /** Added to the minimal environment. */
  env?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
  /** Exit codes that are no failure; default only 0. */
  okCodes?: readonly number[];
}

export interface ExecResult {
  stdout: string;
  stderr: string;
  code: number;
}

export type Exec = typeof exec;
export type SpawnProcess = typeof spawnProcess;

const DEFAULT_MAX_OUTPUT = 16 * 1024 * 1024;
const EXCERPT = 500;

/** Starts a long-lived child without a shell, with the minimal environment, in a process group of its own. Throws ExecError. */
export function spawnProcess(
  argv: readonly string[],
  options: { env?: Readonly<Record<string, string>> } = {},
): ChildHandle {
  const child = start(argv, minimalEnv(options.env));
  child.stdin.on('error', ignore); // EPIPE: `ended` tells
  const ended = endOf(child);
  let gone = false;
  void ended.then(() => (gone = true));
  return {
    pid: child.pid,
    write: (text) => {
      if (child.stdin.writable) child.stdin.write(text);
    },
    endInput: () => void child.stdin.end(),
    onStdout: (listener) => void child.stdout.on('data', listener),
    onStderr: (listener) => void child.stderr.on('data', listener),
    ended,
    kill: (signal = 'SIGKILL') => {
      if (!gone) killGroup(child, signal);
    },
  };
}

function start(argv: readonly string[], env: Record<string, string>): ChildProcessWithoutNullStreams {
  const [command = '', ...args] = argv;
  try {
    return spawn(command, args, { env, detached: true, stdio: 'pipe' });
  } catch (error) {
    throw neverStarted(toError(error), argv); // such as a NUL in an argument
  }
}

/**
 * Runs a program on this one's terminal and in its environment, as a shell would, until it ends. @returns its exit code;
 * 128 + n when signal n ended it. Throws ExecError when it does not start.
 */
export async function runForeground(argv: readonly string[]): Promise<number> {
  const [command = '', ...args] = argv;
  // The terminal sends these to the program too, and whether it ends is up to that one.
  const left = ['SIGINT', 'SIGQUIT'] as const;
  const child = spawn(command, args, { stdio: 'inherit' });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', (error) => reject(neverStarted(error, argv)));
  child.once('close', (code, signal) =>
    resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
  );
  function forward(signal: NodeJS.Signals): void {
    child.kill(signal);
  }
  for (const signal of left) process.on(signal, ignore);
  process.on('SIGTERM', forward);
  try {
    return await promise;
  } finally {
    for (const signal of left) process.off(signal, ignore);
    process.off('SIGTERM', forward);
  }
}

/** Runs a command to its end. Throws ExecError. */
export async function exec(argv: readonly string[], options: ExecOptions): Promise<ExecResult> {
  if (options.signal?.aborted === true)
    throw new ExecError('Aborted', 'aborted', { argv, cause: options.signal.reason });
  const child = spawnProcess(argv, options.env === undefined ? {} : { env: options.env });
  const max = options.maxOutput ?? DEFAULT_MAX_OUTPUT;
  const stop = stopper(child, options);
  const stdout = collect(child.onStdout, max, stop.tooLarge);
  const stderr = collect(child.onStderr, max, stop.tooLarge);
  child.write(options.input ?? '');
  child.endInput();
  const end = await Promise.race([child.ended, stop.stopped]);
  stop.dispose();
  const printed = { argv, stdout: stdout(), stderr: stderr() };
  if ('reason' in end) throw new ExecError(end.reason, end.why, { ...printed, cause: end.cause });
  return result(end, printed, options.okCodes ?? [0]);
}

function result(
  end: ProcessEnd,
  printed: { argv: readonly string[]; stdout: string; stderr: string },
  okCodes: readonly number[],
): ExecResult {
  if (end.error !== undefined) throw neverStarted(end.error, printed.argv);
  if (end.code === undefined || !okCodes.includes(end.code)) {
    const how = end.code === undefined ? `killed by ${String(end.signal)}` : `exit code ${end.code}`;
    const said = oneLine(printed.stderr.trim()).slice(-EXCERPT);
    throw new ExecError('CommandFailed', said === '' ? how : `${how}: ${said}`, { ...printed, end });
  }
  return { stdout: printed.stdout, stderr: printed.stderr, code: end.code };
}

interface Stop {
  reason: ExecReason;
  why: string;
  cause?: unknown;
}

/** Kills the child at the deadline, on abort and on too much output, and tells why. */
function stopper(
  child: ChildHandle,
  { deadlineMs, signal }: ExecOptions,
): { stopped: Promise<Stop>; tooLarge: () => void; dispose: () => void } {
  const { promise: stopped, resolve } = Promise.withResolvers<Stop>();
  function stop(why: Stop): void {
    child.kill();
    resolve(why);
  }
  function abort(): void {
    stop({ reason: 'Aborted', why: 'aborted', cause: signal?.reason });
  }
  const timer = setTimeout(() => {
    stop({ reason: 'DeadlineExceeded', why: `not done within ${deadlineMs / 1000} s` });
  }, deadlineMs);
  signal?.addEventListener('abort', abort);
  return {
    stopped,
    tooLarge: () => {
      stop({ reason: 'OutputTooLarge', why: 'it prints too much' });
    },
    dispose: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    },
  };
}

function collect(
  subscribe: (listener: (chunk: Buffer) => void) => void,
  max: number,
  tooLarge: () => void,
): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  subscribe((chunk) => {
    if (size > max) return;
    size += chunk.length;
    if (size > max) tooLarge();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString();
}

function endOf(child: ChildProcessWithoutNullStreams): Promise<ProcessEnd> {
  const { promise, resolve } = Promise.withResolvers<ProcessEnd>();
  child.on('error', (error) => {
    // Also sent for a failed kill of a child that runs; only a missing pid means that it never started.
    if (child.pid === undefined) resolve({ code: undefined, signal: undefined, error });
  });
  child.on('close', (code, signal) => {
    resolve({ code: code ?? undefined, signal: signal ?? undefined, error: undefined });
  });
  return promise;
}

function killGroup(child: ChildProcessWithoutNullStreams, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // ESRCH: the group is gone, which is what was wanted
  }
  if (signal !== 'SIGKILL') return;
  // A grandchild that left the group may hold the pipes open for ever.
  child.stdout.destroy();
  child.stderr.destroy();
}

/** English messages, UTC, and nothing of the caller's settings (LANGUAGE, LIBVIRT_*, VIRSH_*). */
function minimalEnv(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const { PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME = '/' } = process.env;
  return { PATH, HOME, LC_ALL: 'C', TZ: 'UTC', ...extra };
}

function ignore(): void {
  // nothing
}
