import { stat } from 'node:fs/promises';
import { ReasonedError } from '../../api/errors.ts';
import type { Exec } from '../exec.ts';
import type { FetchOptions, ImageProgress, ImageRequest } from './types.ts';
import { ioError, isMissing } from '../io-errors.ts';
import { hashFile } from './bulk.ts';
import type { Digests, HashAlgorithm } from './bulk.ts';
import { fetchChecksum } from './checksums.ts';
import { download, redactUrl } from './download.ts';
import type { DownloadOptions } from './download.ts';
import { sniff } from './magic.ts';
import type { Content, Packing } from './magic.ts';
import { copyPlain, unpack } from './unpack.ts';

export interface Job {
  request: ImageRequest;
  options: FetchOptions;
  /** Where a download grows; it outlives a failure. */
  part: string;
  /** Where the unpacked file grows. */
  temporary: string;
  exec: Exec;
  limits: Pick<DownloadOptions, 'stallMs' | 'retries' | 'retryMs' | 'maxBytes'>;
}

/** A job of which the sum of its source is known, where it shall have one. */
type VerifiedJob = Job & { readonly checksum: string | undefined };

export interface Acquired {
  /** A file in the store's directory, the job's own. */
  path: string;
  sha256: string;
  sourceIdentity: string;
  content: Exclude<Content, { kind: Packing | 'unusable' }>;
}

interface Source {
  path: string;
  identity: string;
}

/** Gets the source, checks its sum and unpacks it. */
export async function acquire(asked: Job): Promise<Acquired> {
  const { source: address } = asked.request;
  const job = { ...asked, checksum: await expectedChecksum(asked) };
  const local = address.startsWith('/');
  const source = local ? await localSource(address) : await downloaded(job);
  const packed = usable(address, await sniff(source.path));
  const { path, sha256 } = isPacked(packed)
    ? await unpacked(job, source, packed.kind)
    : await plain(job, source, local);
  if (local) await expectUnchanged(source);
  const content = usable(address, await sniff(path));
  if (isPacked(content)) throw notAnImage(address, `a ${content.kind} file inside another`, 'unpack it once');
  return { path, sha256, sourceIdentity: source.identity, content };
}

/** Asked for before the source is: a list that is out of reach costs no download. */
async function expectedChecksum({ request, limits, options }: Job): Promise<string | undefined> {
  const { checksum, source } = request;
  if (checksum === undefined || /^sha(256|512):/.test(checksum)) return checksum;
  return fetchChecksum(checksum, source, { ...limits, signal: options.signal, onRetry: options.onRetry });
}

async function downloaded({ request, part, limits, options }: Job): Promise<Source> {
  const identity = await download(request.source, part, {
    ...limits,
    verified: request.checksum !== undefined,
    signal: options.signal,
    onBytes: (bytes, total) => report(options, 'Downloading', bytes, total),
    onRetry: (error) => options.onRetry?.(error),
  });
  return { path: part, identity };
}

async function localSource(path: string): Promise<Source> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw notFound(path, 'it is not a regular file');
    return { path, identity: `${found.size}:${found.mtimeMs}:${found.ino}` };
  } catch (error) {
    throw isMissing(error) ? notFound(path, 'no such file', error) : await ioError('read image', path, error);
  }
}

async function expectUnchanged(source: Source): Promise<void> {
  const now = await localSource(source.path);
  if (now.identity === source.identity) return;
  throw new ReasonedError(
    'SourceChanged',
    `cannot use image "${source.path}": it changed while it was read`,
    {
      hint: 'write images under another name and rename them when they are whole',
    },
  );
}

async function unpacked(
  job: VerifiedJob,
  source: Source,
  packing: Packing,
): Promise<{ path: string; sha256: string }> {
  const { options, temporary, exec, limits } = job;
  const algorithm = checksumAlgorithm(job);
  if (algorithm !== undefined) verify(job, await digests(job, source.path, [algorithm]));
  const sha256 = await unpack(packing, source.path, temporary, {
    exec,
    maxBytes: limits.maxBytes,
    signal: options.signal,
    onBytes: (bytes, total) => report(options, 'Unpacking', bytes, total),
  });
  return { path: temporary, sha256 };
}

async function plain(
  job: VerifiedJob,
  source: Source,
  local: boolean,
): Promise<{ path: string; sha256: string }> {
  const { options, exec, limits } = job;
  const algorithms = [...new Set<HashAlgorithm>(['sha256', checksumAlgorithm(job) ?? 'sha256'])];
  const path = local ? job.temporary : source.path;
  let found: Digests = {};
  if (local) {
    found = await copyPlain(source.path, path, {
      exec,
      maxBytes: limits.maxBytes,
      algorithms,
      signal: options.signal,
      onBytes: (bytes, total) => report(options, 'Copying', bytes, total),
    });
  }
  const { sha256 } = found;
  const known = sha256 === undefined ? await digests(job, path, algorithms) : found;
  verify(job, known);
  return { path, sha256: known.sha256 ?? '' };
}

async function digests({ options }: Job, path: string, algorithms: HashAlgorithm[]): Promise<Digests> {
  const { size } = await stat(path);
  return hashFile(path, {
    algorithms,
    signal: options.signal,
    onBytes: (bytes) => report(options, 'Verifying', bytes, size),
  });
}

function checksumAlgorithm({ checksum }: VerifiedJob): HashAlgorithm | undefined {
  if (checksum === undefined) return undefined;
  return checksum.startsWith('sha512:') ? 'sha512' : 'sha256';
}

function verify(job: VerifiedJob, found: Digests): void {
  const { checksum } = job;
  const { name } = job.request;
  const algorithm = checksumAlgorithm(job);
  if (checksum === undefined || algorithm === undefined) return;
  const actual = `${algorithm}:${found[algorithm] ?? ''}`;
  if (actual === checksum.toLowerCase()) return;
  throw new ReasonedError(
    'ChecksumMismatch',
    `cannot use image "${name}": its source is ${actual}, not ${checksum}`,
    {
      hint: 'either the source changed, then mend spec.checksum, or somebody tampers with it',
    },
  );
}

function report(
  { onProgress }: FetchOptions,
  phase: ImageProgress['phase'],
  bytes: number,
  total: number | undefined,
): void {
  onProgress?.(total === undefined ? { phase, bytes } : { phase, bytes, total });
}

function isPacked(content: Exclude<Content, { kind: 'unusable' }>): content is { kind: Packing } {
  return content.kind !== 'qcow2' && content.kind !== 'raw';
}

function usable(address: string, content: Content): Exclude<Content, { kind: 'unusable' }> {
  if (content.kind !== 'unusable') return content;
  throw notAnImage(address, content.what, content.hint);
}

function notAnImage(address: string, what: string, hint: string): ReasonedError {
  return new ReasonedError('NotAnImage', `cannot use image "${redactUrl(address)}": it is ${what}`, { hint });
}

function notFound(path: string, why: string, cause?: unknown): ReasonedError {
  return new ReasonedError('SourceNotFound', `cannot read image "${path}": ${why}`, { cause });
}
