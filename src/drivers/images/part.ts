import { rm, stat } from 'node:fs/promises';
import type { Response } from 'undici';
import { z } from 'zod';
import { readIfExists, writeAtomic } from '../files.ts';
import { isMissing } from '../io-errors.ts';

/** What a partial download needs to be gone on with, kept in `PART.json`. */
const partSchema = z.object({
  source: z.string(),
  /** Strong ETag or Last-Modified; '' where the server gives none, and then the download starts over. */
  validator: z.string(),
  identity: z.string(),
  total: z.number().optional(),
});
export type Part = z.output<typeof partSchema>;

/** Removes a partial download and what was noted about it. */
export async function forgetPart(part: string): Promise<void> {
  await rm(part, { force: true });
  await rm(`${part}.json`, { force: true });
}

/** Starts an empty part. */
export async function startPart(path: string, part: Part): Promise<void> {
  await rm(path, { force: true });
  await writeAtomic(`${path}.json`, JSON.stringify(part), { mode: 0o600 });
}

/** What an earlier run left of this source, undefined where it cannot be gone on with. */
export async function readPart(
  source: string,
  path: string,
): Promise<{ have: number; part: Part } | undefined> {
  const text = await readIfExists(`${path}.json`);
  const found = await stat(path).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (text === undefined || found === undefined || found.size === 0) return undefined;
  const part = partSchema.safeParse(parseJson(text)).data;
  if (part === undefined || part.source !== source || part.validator === '') return undefined;
  return { have: found.size, part };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What the server says of the content it is about to send. */
export function describe(source: string, response: Response): Part {
  const encoded = response.headers.has('content-encoding');
  const length = response.headers.get('content-length');
  const total = encoded || length === null ? {} : { total: Number(length) };
  const identity = response.headers.get('etag') ?? response.headers.get('last-modified') ?? '';
  // fetch has undone the encoding, so that offsets into the body mean nothing to the server.
  return { source, validator: encoded ? '' : validatorOf(response), identity, ...total };
}

/** What proves to the server that both mean the same content; '' when there is no such thing. */
export function validatorOf(response: Response): string {
  const etag = response.headers.get('etag') ?? '';
  return etag === '' || etag.startsWith('W/') ? (response.headers.get('last-modified') ?? '') : etag;
}
