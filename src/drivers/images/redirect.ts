import { fetch, Headers, type RequestInit, type Response } from 'undici';
import { ReasonedError } from '../../api/errors.ts';

/** As many as browsers follow. */
const MAX_HOPS = 20;
const MOVED: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export interface Hop {
  readonly url: string;
  readonly headers: Headers;
  readonly init: Pick<RequestInit, 'dispatcher' | 'signal' | 'method'>;
  /** Whether a checksum tells that what arrives is what was meant, whatever way it took. */
  readonly verified: boolean;
}

/**
 * Fetches a URL and follows where it has moved to. From https to http only what a checksum verifies: anybody on the way
 * could answer. Credentials stay with the server that they are for.
 * @throws ReasonedError InsecureRedirect, TooManyRedirects; what fetch throws
 */
export async function fetchFollowing(first: Hop, get: typeof fetch = fetch): Promise<Response> {
  let hop = first;
  for (let hops = 0; hops <= MAX_HOPS; hops++) {
    const response = await get(hop.url, { ...hop.init, headers: hop.headers, redirect: 'manual' });
    const location = MOVED.has(response.status) ? response.headers.get('location') : null;
    if (location === null) return response;
    await response.body?.cancel();
    hop = nextHop(hop, location);
  }
  throw new ReasonedError(
    'TooManyRedirects',
    `cannot download from "${hostOf(first.url)}": it moved in circles`,
  );
}

function nextHop(hop: Hop, location: string): Hop {
  const [from, to] = [new URL(hop.url), new URL(location, hop.url)];
  if (from.protocol === 'https:' && to.protocol !== 'https:' && !hop.verified) {
    throw new ReasonedError(
      'InsecureRedirect',
      `cannot download from "${from.host}": it moved to "${to.protocol}//${to.host}", where anybody could answer`,
      { hint: 'add spec.checksum, or name another source' },
    );
  }
  const headers = new Headers(hop.headers);
  if (from.origin !== to.origin) headers.delete('authorization');
  return { ...hop, url: to.href, headers };
}

function hostOf(url: string): string {
  return new URL(url).host;
}
