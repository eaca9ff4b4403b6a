import { plain } from './plain.ts';

/**
 * An error a user can act on. `reason` is a CamelCase word fit for a condition; the message is one line,
 * `cannot <verb> <kind> "<name>": why`; `hint` says what to do about it.
 */
export class ReasonedError extends Error {
  override readonly name: string = 'ReasonedError';
  readonly reason: string;
  readonly hint: string | undefined;

  constructor(reason: string, message: string, options: { cause?: unknown; hint?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.hint = options.hint;
  }
}

/** Anything thrown, as an Error, the original kept as its cause. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
}

/** The reason for a condition: the error's own, or `fallback` for errors that carry none. */
export function reasonOf(error: unknown, fallback = 'Error'): string {
  return error instanceof ReasonedError ? error.reason : fallback;
}

/** One line for a condition or a terminal: the message and, where there is one, what to do. */
export function explainError(error: unknown): string {
  const { message } = toError(error);
  const hint = error instanceof ReasonedError ? error.hint : undefined;
  return plain(hint === undefined ? message : `${message} (${hint})`);
}
