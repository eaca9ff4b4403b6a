import { ReasonedError, toError } from '../../api/errors.ts';

/** UNKNOWN: it could not be looked at, so nothing is said of it. */
export type CheckStatus = 'OK' | 'WARN' | 'FAIL' | 'UNKNOWN';

/** What was found about one thing, and the way out where there is something to mend. */
export interface Check {
  /** Such as `kvm`. */
  readonly check: string;
  readonly status: CheckStatus;
  readonly message: string;
  /** Such as `apt-get install xorriso`. */
  readonly hint?: string;
}

/** What is wrong with what was looked at, and the way out where its error knows one. */
export interface Problem {
  readonly message: string;
  readonly hint?: string;
}

export function problemOf(error: unknown): Problem {
  const { message } = toError(error);
  const hint = error instanceof ReasonedError ? error.hint : undefined;
  return { message, ...(hint === undefined ? {} : { hint }) };
}

/** What could not be read, and why. */
export interface Unknown {
  readonly unknown: string;
}

export function isUnknown(fact: unknown): fact is Unknown {
  return typeof fact === 'object' && fact !== null && 'unknown' in fact;
}

export function ok(check: string, message: string): Check {
  return { check, status: 'OK', message };
}

export function warn(check: string, message: string, hint?: string): Check {
  return { check, status: 'WARN', message, ...(hint === undefined ? {} : { hint }) };
}

export function fail(check: string, message: string, hint?: string): Check {
  return { check, status: 'FAIL', message, ...(hint === undefined ? {} : { hint }) };
}

export function unknown(check: string, message: string, hint?: string): Check {
  return { check, status: 'UNKNOWN', message, ...(hint === undefined ? {} : { hint }) };
}
