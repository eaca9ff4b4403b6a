import { ReasonedError } from '../api/errors.ts';
import { installHint } from '../api/programs.ts';

/** How a process ended: one of `code`, `signal` and `error` (it never started) is set. */
export interface ProcessEnd {
  code: number | undefined;
  signal: NodeJS.Signals | undefined;
  error: NodeJS.ErrnoException | undefined;
}

export type ExecReason =
  'CommandNotFound' | 'CommandFailed' | 'DeadlineExceeded' | 'OutputTooLarge' | 'Aborted';

/** What is known about a failed run. */
export interface ExecFailure {
  argv: readonly string[];
  end?: ProcessEnd;
  stdout?: string;
  stderr?: string;
  cause?: unknown;
  hint?: string;
}

/** A process that did not start, did not end in time or ended badly; what it printed until then comes along. */
export class ExecError extends ReasonedError {
  override readonly name = 'ExecError';
  readonly argv: readonly string[];
  /** The message without its start. */
  readonly why: string;
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;

  constructor(reason: ExecReason, why: string, failure: ExecFailure) {
    super(reason, `cannot run command "${failure.argv[0] ?? ''}": ${why}`, failure);
    this.argv = failure.argv;
    this.why = why;
    this.code = failure.end?.code;
    this.signal = failure.end?.signal;
    this.stdout = failure.stdout ?? '';
    this.stderr = failure.stderr ?? '';
  }
}

/** The error for a process that could not be started, saying what to install where that is known. */
export function neverStarted(cause: NodeJS.ErrnoException, argv: readonly string[]): ExecError {
  if (cause.code !== 'ENOENT') return new ExecError('CommandFailed', cause.message, { argv, cause });
  const name = (argv[0] ?? '').replace(/^.*\//, '');
  return new ExecError('CommandNotFound', 'no such command', { argv, cause, hint: installHint(name) });
}
