import pRetry from 'p-retry';
import type { Response } from 'undici';
import { ReasonedError } from '../../api/errors.ts';
import { fileNameOf, findChecksum } from '../../api/image/checksums.ts';
import { dispatcher, isRetried, redactUrl, requestFor, why } from './download.ts';
import { fetchFollowing } from './redirect.ts';

export interface ChecksumOptions {
  /** Milliseconds that one try may take. */
  stallMs: number;
  /** Tries after the first one. */
  retries: number;
  /** Milliseconds before the second try; doubled every time. */
  retryMs: number;
  onRetry?: ((error: Error) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Debian's lists have some hundred lines. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * What a file of checksums says of a source, as `sha256:HEX` or `sha512:HEX`.
 * @throws ReasonedError ChecksumNotFound, SourceUnreachable, SourceNotFound, PermissionDenied, InsecureRedirect
 */
export async function fetchChecksum(url: string, source: string, options: ChecksumOptions): Promise<string> {
  const { retries, retryMs, onRetry, signal } = options;
  const text = await pRetry(() => readText(url, options), {
    retries,
    minTimeout: retryMs,
    maxTimeout: 30_000,
    randomize: true,
    ...(signal === undefined ? {} : { signal }),
    shouldRetry: ({ error }) => isRetried(error),
    onFailedAttempt: ({ error, retriesLeft }) => {
      if (retriesLeft > 0 && isRetried(error)) onRetry?.(error);
    },
  });
  const name = fileNameOf(source);
  const checksum = findChecksum(text, name);
  if (checksum !== undefined) return checksum;
  const message = `cannot find the checksum of "${name}": ${redactUrl(url)} lists none, or more than one`;
  throw new ReasonedError('ChecksumNotFound', message, { hint: 'see what that file lists' });
}

async function readText(url: string, { stallMs, signal }: ChecksumOptions): Promise<string> {
  const deadline = AbortSignal.timeout(stallMs);
  const either = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
  try {
    const init = { dispatcher, signal: either };
    const response = await fetchFollowing({ ...requestFor(url), init, verified: false });
    if (response.status === 200) return await bodyOf(url, response);
    await response.body?.cancel();
    throw failed(
      url,
      `the server says ${response.status} ${response.statusText}`.trim(),
      reasonOf(response.status),
    );
  } catch (error) {
    if (signal?.aborted === true || error instanceof ReasonedError) throw error;
    const what = deadline.aborted ? `no answer within ${stallMs / 1000} s` : why(error);
    throw failed(url, what, 'SourceUnreachable', error);
  }
}

async function bodyOf(url: string, response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > MAX_BYTES) {
      throw failed(url, `more than ${MAX_BYTES} bytes`, 'ChecksumNotFound');
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function reasonOf(status: number): string {
  if (status >= 500 || status === 408 || status === 429) return 'SourceUnreachable';
  return status === 401 || status === 403 ? 'PermissionDenied' : 'SourceNotFound';
}

function failed(url: string, what: string, reason: string, cause?: unknown): ReasonedError {
  const hint = 'see whether the address is right and open to this host';
  return new ReasonedError(reason, `cannot read checksums "${redactUrl(url)}": ${what}`, { cause, hint });
}
