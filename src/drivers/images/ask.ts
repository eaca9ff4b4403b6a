import { toError } from '../../api/errors.ts';
import { dispatcher, redactUrl, requestFor, why } from './download.ts';
import { fetchFollowing } from './redirect.ts';

const DEADLINE_MS = 10_000;

/** Asks a server whether it has an image, without fetching it. @returns what is wrong, undefined where it has it */
export async function askForImage(source: string, deadlineMs = DEADLINE_MS): Promise<string | undefined> {
  const init = { method: 'HEAD', dispatcher, signal: AbortSignal.timeout(deadlineMs) };
  try {
    const response = await fetchFollowing({ ...requestFor(source), init, verified: true });
    await response.body?.cancel();
    if (response.ok) return undefined;
    return `${redactUrl(source)}: the server says ${response.status} ${response.statusText}`.trim();
  } catch (error) {
    const said = init.signal.aborted ? `no answer within ${deadlineMs / 1000} s` : why(toError(error));
    return `${redactUrl(source)}: ${said}`;
  }
}
