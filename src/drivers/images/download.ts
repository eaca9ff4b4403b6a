import { open } from 'node:fs/promises';
import pRetry from 'p-retry';
// Node's own fetch ends the process when a server closes while what it sent waits to be read (nodejs/undici#5360).
import { Agent, Headers, type Response } from 'undici';
import { ReasonedError, toError } from '../../api/errors.ts';
import { errnoOf, freeSpace, ioError, noSpace } from '../io-errors.ts';
import { writeAll } from './bulk.ts';
import { fetchFollowing } from './redirect.ts';
import { describe, forgetPart, readPart, startPart, validatorOf } from './part.ts';
import type { Part } from './part.ts';

export interface DownloadOptions {
  /** Milliseconds without a byte until the try is given up. */
  stallMs: number;
  /** Tries after the first one. */
  retries: number;
  /** Milliseconds before the second try; doubled every time. */
  retryMs: number;
  maxBytes: number;
  /** Whether the caller checks a sum of what arrives. */
  verified: boolean;
  onBytes: (bytes: number, total: number | undefined) => void;
  /** Called with what failed before each try after the first one. */
  onRetry: (error: Error) => void;
  signal?: AbortSignal | undefined;
}

interface Started {
  /** Bytes already there. */
  have: number;
  part: Part;
  body: AsyncIterable<Uint8Array> | null;
}

const RETRIED = 'SourceUnreachable';

/** Of our own: undici's default one is Node's where Node made one before. */
export const dispatcher = new Agent();

/**
 * Downloads a URL into `part`, going on with what an earlier run left there; what identifies the content on the
 * server. The part stays where it failed, so that the next call goes on.
 */
export async function download(source: string, part: string, options: DownloadOptions): Promise<string> {
  const { retries, retryMs, onRetry, signal } = options;
  return pRetry(() => attempt(source, part, options), {
    retries,
    minTimeout: retryMs,
    maxTimeout: 30_000,
    randomize: true,
    signal,
    shouldRetry: ({ error }) => isRetried(error),
    onFailedAttempt: ({ error, retriesLeft }) => {
      if (retriesLeft > 0 && isRetried(error)) onRetry(error);
    },
  });
}

export function isRetried(error: unknown): boolean {
  return error instanceof ReasonedError && error.reason === RETRIED;
}

/** A URL fit for messages: no password, no query (which may be a signature). */
export function redactUrl(source: string): string {
  if (!URL.canParse(source)) return source;
  const url = new URL(source);
  const user = url.username === '' ? '' : '…@';
  return `${url.protocol}//${user}${url.host}${url.pathname}${url.search === '' ? '' : '?…'}`;
}

async function attempt(source: string, part: string, options: DownloadOptions): Promise<string> {
  const stall = stallTimer(options.stallMs, options.signal);
  try {
    const started = await start(source, part, { ...options, signal: stall.signal });
    const { have, body } = started;
    const { total, identity } = started.part;
    const bytes = body === null ? have : await append(part, started, stall.seen, options);
    if (total !== undefined && bytes !== total) {
      throw unreachable(source, `it ended after ${bytes} of ${total} bytes`, undefined);
    }
    return identity;
  } catch (error) {
    if (options.signal?.aborted === true) throw error;
    if (stall.signal.aborted) throw unreachable(source, `no byte for ${options.stallMs / 1000} s`, error);
    if (error instanceof ReasonedError) throw error;
    // What fetch throws carries no errno of its own; what does is about the file.
    throw errnoOf(error) === undefined
      ? unreachable(source, why(error), error)
      : await ioError('download image to', part, error);
  } finally {
    stall.dispose();
  }
}

/** Asks for what is missing, and makes the part file ready for it. */
async function start(source: string, part: string, options: DownloadOptions): Promise<Started> {
  const kept = await readPart(source, part);
  const { url, headers } = requestFor(source);
  if (kept !== undefined) {
    headers.set('range', `bytes=${kept.have}-`);
    headers.set('if-range', kept.part.validator);
  }
  const init = { dispatcher, ...(options.signal === undefined ? {} : { signal: options.signal }) };
  const response = await fetchFollowing({ url, headers, init, verified: options.verified });
  if (kept !== undefined && goesOn(response, kept)) {
    if (response.status === 206) return { ...kept, body: response.body };
    await response.body?.cancel();
    return { ...kept, body: null };
  }
  if (response.status !== 200) {
    await response.body?.cancel();
    if (kept === undefined || ![206, 416].includes(response.status)) throw refused(source, response);
    await forgetPart(part);
    return start(source, part, options);
  }
  const fresh = describe(source, response);
  await checkSpace(part, fresh.total);
  await startPart(part, fresh);
  return { have: 0, part: fresh, body: response.body };
}

/** Whether the answer continues the very content of which a part is here, or says that it is complete. */
function goesOn(response: Response, { have, part }: { have: number; part: Part }): boolean {
  const range = response.headers.get('content-range') ?? '';
  if (response.status === 416) return range === `bytes */${have}`;
  const same = validatorOf(response);
  return (
    response.status === 206 && range.startsWith(`bytes ${have}-`) && (same === '' || same === part.validator)
  );
}

async function append(
  path: string,
  { have, part, body }: Started,
  seen: () => void,
  options: DownloadOptions,
): Promise<number> {
  const file = await open(path, have === 0 ? 'w' : 'r+', 0o600);
  let bytes = have;
  try {
    options.onBytes(bytes, part.total);
    for await (const chunk of body ?? []) {
      seen();
      if (bytes + chunk.length > options.maxBytes) throw tooLarge(part.source, options.maxBytes);
      await writeAll(file, chunk, bytes);
      bytes += chunk.length;
      options.onBytes(bytes, part.total);
    }
    return bytes;
  } finally {
    await file.sync().catch(() => undefined);
    await file.close();
  }
}

async function checkSpace(path: string, total: number | undefined): Promise<void> {
  const free = await freeSpace(path);
  if (total === undefined || free === undefined || total <= free) return;
  throw await noSpace('download image to', path, { needed: total });
}

/** fetch refuses URLs with a password in them. */
export function requestFor(source: string): { url: string; headers: Headers } {
  const url = new URL(source);
  const headers = new Headers({ 'accept-encoding': 'identity' });
  if (url.username !== '' || url.password !== '') {
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers.set('authorization', `Basic ${Buffer.from(credentials).toString('base64')}`);
    url.username = '';
    url.password = '';
  }
  return { url: url.href, headers };
}

function refused(source: string, response: Response): ReasonedError {
  const { status } = response;
  const said = `the server says ${status} ${response.statusText}`.trim();
  if (status >= 500 || status === 408 || status === 429) return unreachable(source, said, undefined);
  const reason = status === 401 || status === 403 ? 'PermissionDenied' : 'SourceNotFound';
  return new ReasonedError(reason, `cannot download image "${redactUrl(source)}": ${said}`, {
    hint: 'see whether the address is right and open to this host',
  });
}

function unreachable(source: string, reason: string, cause: unknown): ReasonedError {
  return new ReasonedError(RETRIED, `cannot download image "${redactUrl(source)}": ${reason}`, {
    cause,
    hint: 'what arrived is kept and the download goes on from there',
  });
}

function tooLarge(source: string, maxBytes: number): ReasonedError {
  return new ReasonedError(
    'ImageTooLarge',
    `cannot download image "${redactUrl(source)}": more than ${maxBytes} bytes`,
  );
}

/** fetch says "fetch failed" and hides what failed in the cause. */
export function why(error: unknown): string {
  const { message, cause } = toError(error);
  return cause instanceof Error && cause.message !== '' ? cause.message : message;
}

function stallTimer(
  stallMs: number,
  signal: AbortSignal | undefined,
): { signal: AbortSignal; seen: () => void; dispose: () => void } {
  const stalled = new AbortController();
  const timer = setTimeout(() => {
    stalled.abort();
  }, stallMs);
  return {
    signal: signal === undefined ? stalled.signal : AbortSignal.any([signal, stalled.signal]),
    seen: () => void timer.refresh(),
    dispose: () => {
      clearTimeout(timer);
    },
  };
}
