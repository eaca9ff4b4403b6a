import { ExecError } from '../exec.ts';
import type { ExecFailure, ExecReason } from '../exec.ts';
import type { Frame } from './frame.ts';

/** What a call printed; whether it failed can only be told from `stderr`. */
export interface Reply {
  stdout: string;
  stderr: string;
}

export interface CallLimits {
  deadlineMs: number;
  signal?: AbortSignal | undefined;
}

/** One call on its way: collects what virsh prints until both streams show the mark. */
export interface Exchange {
  readonly reply: Promise<Reply>;
  hear(stream: keyof Reply, chunk: Buffer): void;
  fail(error: Error): void;
  /** An error that carries what was printed so far. */
  error(reason: ExecReason, why: string, failure?: Partial<ExecFailure>): ExecError;
}

export interface ExchangeOptions extends CallLimits {
  argv: readonly string[];
  frame: Frame;
  /** Bytes of each stream. */
  maxOutput: number;
  /** Sends the probe. */
  write: (text: string) => void;
  /** When to send it (ms). */
  probeMs: number;
}

/** Settles by itself when the reply is whole, too large or too late, or on abort; `fail` ends it from outside. */
export function createExchange(options: ExchangeOptions): Exchange {
  const { argv, frame, maxOutput, deadlineMs, signal } = options;
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const sinks = { stdout: createSink(frame.endMark), stderr: createSink(frame.endMark) };

  function error(reason: ExecReason, why: string, failure: Partial<ExecFailure> = {}): ExecError {
    const printed = { stdout: sinks.stdout.bytes().toString(), stderr: sinks.stderr.bytes().toString() };
    return new ExecError(reason, why, { argv, ...printed, ...failure });
  }
  function fail(failure: Error): void {
    release();
    reject(failure);
  }
  function abort(): void {
    fail(error('Aborted', 'aborted', { cause: signal?.reason }));
  }
  const timer = setTimeout(() => {
    fail(error('DeadlineExceeded', `no answer within ${deadlineMs / 1000} s`));
  }, deadlineMs);
  const probeTimer = setTimeout(() => {
    sinks.stdout.expect(frame.probeMark);
    sinks.stderr.expect(frame.probeMark);
    options.write(frame.probe);
  }, options.probeMs);
  function release(): void {
    clearTimeout(timer);
    clearTimeout(probeTimer);
    signal?.removeEventListener('abort', abort);
  }
  signal?.addEventListener('abort', abort);
  if (signal?.aborted === true) abort();

  return {
    reply: promise,
    error,
    fail,
    hear(stream, chunk) {
      sinks[stream].add(chunk);
      if (sinks[stream].size() > maxOutput) fail(error('OutputTooLarge', 'it prints too much'));
      if (!sinks.stdout.complete() || !sinks.stderr.complete()) return;
      release();
      resolve({ stdout: frame.output(sinks.stdout.bytes()), stderr: frame.messages(sinks.stderr.bytes()) });
    },
  };
}

interface Sink {
  add: (chunk: Buffer) => void;
  /** Another mark, which has not been printed yet, takes the place of the first. */
  expect: (mark: Buffer) => void;
  size: () => number;
  complete: () => boolean;
  bytes: () => Buffer;
}

/** Collects chunks and notices the mark, which may be cut by a chunk's end, without looking at any byte twice over. */
function createSink(firstMark: Buffer): Sink {
  let mark = firstMark;
  const chunks: Buffer[] = [];
  let size = 0;
  let complete = false;
  let tail = Buffer.alloc(0);
  return {
    add(chunk) {
      chunks.push(chunk);
      size += chunk.length;
      const window = Buffer.concat([tail, chunk]);
      complete ||= window.includes(mark);
      tail = window.subarray(Math.max(0, window.length - mark.length + 1));
    },
    expect(another) {
      mark = another;
      complete = false;
      tail = Buffer.alloc(0);
    },
    size: () => size,
    complete: () => complete,
    bytes: () => Buffer.concat(chunks),
  };
}
