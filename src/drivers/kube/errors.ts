import { z } from 'zod';
import { ReasonedError, toError } from '../../api/errors.ts';
import { errnoOf } from '../io-errors.ts';
import type { KubeReason } from '../kube.ts';

/** What an API server refused, or why it could not be asked. */
export class KubeError extends ReasonedError {
  /** The HTTP status; undefined where there was no answer. */
  readonly code: number | undefined;
  /** How long the API server wants to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(reason: KubeReason, message: string, options: KubeErrorOptions = {}) {
    super(reason, message, options);
    this.code = options.code;
    this.retryAfterMs = options.retryAfterMs;
  }
}

export interface KubeErrorOptions {
  readonly cause?: unknown;
  readonly hint?: string;
  readonly code?: number;
  readonly retryAfterMs?: number;
}

/** metav1.Status, as far as it is read. */
const Status = z.object({
  message: z.string().optional(),
  reason: z.string().optional(),
  code: z.number().optional(),
  details: z.object({ name: z.string().optional(), retryAfterSeconds: z.number().optional() }).optional(),
});
type Status = z.infer<typeof Status>;

export interface Answer {
  readonly code: number;
  readonly body: unknown;
  readonly retryAfter?: string | undefined;
}

const BY_CODE: Readonly<Record<number, KubeReason>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  409: 'Conflict',
  429: 'TooManyRequests',
};
const LONGEST_WORDS = 1000;

/** Of an answer that is none of success. `what` is such as `list Nodes`. */
export function refusal(what: string, { code, body, retryAfter }: Answer): KubeError {
  const status: Status = Status.safeParse(body).data ?? {};
  const reason = reasonOf(code, status);
  const words = status.message ?? `HTTP status ${code}`;
  const seconds = Number(retryAfter ?? status.details?.retryAfterSeconds ?? 0);
  return new KubeError(reason, `cannot ${what}: ${words.slice(0, LONGEST_WORDS)}`, {
    code,
    ...hintFor(reason),
    ...(seconds > 0 ? { retryAfterMs: seconds * 1000 } : {}),
  });
}

function reasonOf(code: number, { reason, details }: Status): KubeReason {
  if (reason === 'AlreadyExists') return 'AlreadyExists';
  // Of what it does not know at all an API server names no object.
  if (code === 404) return details?.name === undefined ? 'KindNotServed' : 'NotFound';
  return BY_CODE[code] ?? (code >= 500 ? 'ServerError' : 'Invalid');
}

function hintFor(reason: KubeReason): { hint?: string } {
  if (reason === 'KindNotServed') return { hint: 'k8slab crds | kubectl apply --server-side -f -' };
  return {};
}

/** The answer did not come, or only in part. */
export function unreachable(what: string, server: string, thrown: unknown): KubeError {
  const why = whyUnreachable(thrown);
  const hint = clockHint(errnoOf(rootOf(thrown)));
  return new KubeError('Unreachable', `cannot ${what}: ${server} ${why}`, { cause: thrown, ...hint });
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections',
  ECONNRESET: 'ended the connection',
  UND_ERR_SOCKET: 'ended the connection',
  ENOTFOUND: 'is no name that is known',
  EAI_AGAIN: 'cannot be resolved at the moment',
  EHOSTUNREACH: 'cannot be reached: there is no route',
  ENETUNREACH: 'cannot be reached: there is no route',
  ETIMEDOUT: 'does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'does not answer',
  UND_ERR_HEADERS_TIMEOUT: 'does not answer',
  UND_ERR_BODY_TIMEOUT: 'does not go on answering',
  CERT_HAS_EXPIRED: 'shows a certificate that has expired',
  CERT_NOT_YET_VALID: 'shows a certificate that is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'shows a certificate of another name',
};

function whyUnreachable(thrown: unknown): string {
  const root = rootOf(thrown);
  if (root.name === 'TimeoutError') return 'does not answer in time';
  const errno = errnoOf(root) ?? '';
  return WORDS[errno] ?? `cannot be asked: ${root.message || errno || root.name}`;
}

function clockHint(errno: string | undefined): { hint?: string } {
  return errno === 'CERT_HAS_EXPIRED' || errno === 'CERT_NOT_YET_VALID'
    ? { hint: 'if the certificate is in order, look at the clocks of both machines' }
    : {};
}

/** undici and Node wrap what happened: of several addresses each has an error of its own. */
function rootOf(thrown: unknown): Error {
  const error = toError(thrown);
  if (error instanceof AggregateError && error.errors.length > 0) return rootOf(error.errors[0]);
  return errnoOf(error) === undefined && error.cause !== undefined ? rootOf(error.cause) : error;
}
