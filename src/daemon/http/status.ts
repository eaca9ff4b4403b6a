import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { ReasonedError } from '../../api/errors.ts';

/** What a failure was about, as kubectl reads it. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  /** The plural of the resource. */
  readonly kind?: string;
  readonly retryAfterSeconds?: number;
  readonly causes?: readonly { readonly reason: string; readonly message: string; readonly field?: string }[];
}

/** meta/v1 Status of a request that failed. */
export function failure(reason: string, message: string, code: number, details?: StatusDetails): unknown {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details === undefined ? {} : { details }),
    code,
  };
}

export function notFound(message: string, details?: StatusDetails): unknown {
  return failure('NotFound', message, 404, details);
}

/** Reasons of an API server with their codes; whatever else fails is an error of the server. */
const CODES: Readonly<Record<string, ContentfulStatusCode>> = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyRunning: 409,
  Conflict: 409,
  NotHeld: 409,
  Expired: 410,
  RequestEntityTooLarge: 413,
  Invalid: 422,
  TooManyRequests: 429,
  Timeout: 504,
};

export function codeOf(reason: string): ContentfulStatusCode {
  return Object.hasOwn(CODES, reason) ? (CODES[reason] ?? 500) : 500;
}

/** A request that is refused, thrown where it is found. */
export class StatusError extends ReasonedError {
  override readonly name = 'StatusError';
  readonly details: StatusDetails | undefined;

  constructor(reason: string, message: string, details?: StatusDetails) {
    super(reason, message);
    this.details = details;
  }
}

export function answerStatus(c: Context, reason: string, message: string, details?: StatusDetails): Response {
  const code = codeOf(reason);
  if (details?.retryAfterSeconds !== undefined) c.header('retry-after', String(details.retryAfterSeconds));
  return c.json(failure(reason, message, code, details), code);
}
