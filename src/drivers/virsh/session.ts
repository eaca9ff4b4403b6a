import type { ChildHandle, ProcessEnd } from '../exec.ts';
import { neverStarted } from '../exec-error.ts';
import { createExchange } from './exchange.ts';
import type { CallLimits, Exchange, Reply } from './exchange.ts';
import { frame } from './frame.ts';

/** One interactive virsh, which answers calls one after the other. */
export interface Session {
  /** False once it ended, failed a call or said something unasked (it lost its connection): take another one. */
  usable(): boolean;
  /** Throws ExecError: DeadlineExceeded, Aborted, OutputTooLarge, CommandNotFound, or CommandFailed when virsh ended. */
  call(argv: readonly string[], limits: CallLimits): Promise<Reply>;
  dispose(): Promise<void>;
}

export interface SessionOptions {
  /** How virsh is started, such as ['virsh', '-q', '-c', uri]. */
  argv: readonly string[];
  spawn: (argv: readonly string[]) => ChildHandle;
  /** Letters and digits, at least 2, that virsh never prints by itself; a number is added for each call. */
  mark: string;
  /** Bytes of one answer; default 64 MiB. */
  maxOutput?: number;
  /** How long an answer may take before virsh is asked whether it took the command at all (ms); default 500. */
  probeMs?: number;
}

const DEFAULT_MAX_OUTPUT = 64 * 1024 * 1024;
const DEFAULT_PROBE_MS = 500;

/** Starts a session. A call that fails ends it: what virsh would still print belongs to nobody. */
export function createSession(options: SessionOptions): Session {
  const child = options.spawn(options.argv);
  const { mark, maxOutput = DEFAULT_MAX_OUTPUT, probeMs = DEFAULT_PROBE_MS } = options;
  let calls = 0;
  let usable = true;
  let current: Exchange | undefined;

  function spoil(): void {
    usable = false;
    child.kill();
  }
  child.onStdout((chunk) => current?.hear('stdout', chunk)); // between calls: the prompt
  child.onStderr((chunk) => {
    if (current === undefined) spoil();
    else current.hear('stderr', chunk);
  });
  void child.ended.then((end) => {
    usable = false;
    current?.fail(endedError(current, end, options.argv));
  });

  return {
    usable: () => usable,
    async call(argv, limits) {
      calls += 1;
      const framed = frame(argv, `${mark}x${calls.toString(36)}`);
      const whole = [...options.argv, ...argv];
      current = createExchange({
        ...limits,
        argv: whole,
        frame: framed,
        maxOutput,
        write: child.write,
        probeMs,
      });
      if (usable) child.write(framed.input);
      else current.fail(current.error('Aborted', 'the session is over'));
      try {
        return await current.reply;
      } catch (error) {
        spoil();
        throw error;
      } finally {
        current = undefined;
      }
    },
    async dispose() {
      current?.fail(current.error('Aborted', 'the session was closed'));
      spoil();
      await child.ended;
    },
  };
}

function endedError(exchange: Exchange, end: ProcessEnd, argv: readonly string[]): Error {
  if (end.error !== undefined) return neverStarted(end.error, argv);
  const how = end.code === undefined ? `killed by ${String(end.signal)}` : `exit code ${end.code}`;
  return exchange.error('CommandFailed', `virsh ended (${how})`, { end });
}
